//! Metrics as Prometheus reads them: the text format 0.0.4, taken apart strictly.

use std::collections::BTreeMap;

/// All samples by name and labels, as they are written, and the kinds of all metrics.
pub struct Numbers {
    samples: BTreeMap<String, f64>,
    kinds: BTreeMap<String, String>,
}

impl Numbers {
    /// Reads a text; each sample must stand below the description of its metric.
    #[track_caller]
    pub fn read(text: &str) -> Self {
        let (mut samples, mut kinds, mut family) = (BTreeMap::new(), BTreeMap::new(), String::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(!words.is_empty() && !kinds.contains_key(name), "{line}");
                family = name.to_owned();
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let kind = kind.strip_prefix(&format!("{family} ")).unwrap_or_else(|| panic!("{line} after {family}"));
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", family.ends_with("_total"), "{line}");
                kinds.insert(family.clone(), kind.to_owned());
            } else {
                let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
                let metric = name.split('{').next().unwrap();
                let parts = ["", "_bucket", "_sum", "_count"];
                assert!(
                    parts.iter().any(|part| metric.strip_suffix(part) == Some(family.as_str())),
                    "{line} in {family}"
                );
                let value = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
                assert!(samples.insert(name.to_owned(), value).is_none(), "{line} twice");
            }
        }
        Self { samples, kinds }
    }

    /// The names of all metrics.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }

    /// A sample; nothing counted yet is none.
    pub fn get(&self, sample: &str) -> f64 {
        self.samples.get(sample).copied().unwrap_or_default()
    }

    /// A sample, if there is one.
    pub fn find(&self, sample: &str) -> Option<f64> {
        self.samples.get(sample).copied()
    }

    /// All samples whose name and labels begin so.
    pub fn beginning(&self, beginning: &str) -> Vec<(&str, f64)> {
        let matching = self.samples.iter().filter(|(name, _)| name.starts_with(beginning));
        matching.map(|(name, value)| (name.as_str(), *value)).collect()
    }
}
