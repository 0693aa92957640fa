//! Owns the picture: for each scenario the CPU time of one request, beside the floors of what it cannot do without. Readable on
//! light and on dark ground.

use std::fmt::Write;

use crate::floors::What;
use crate::results::{Measured, Results};
use crate::scenario::Scenario;
use crate::stage::Backend;

/// The connections whose runs are drawn.
const CONNECTIONS: usize = 64;

const WIDTH: f64 = 920.0;
/// Where bars begin, and how long the longest is.
const LEFT: f64 = 210.0;
const LONGEST: f64 = 520.0;
/// The height of a bar, and of a pair of them with its gap.
const BAR: f64 = 13.0;
const PAIR: f64 = 40.0;
/// The height of a title.
const TITLE: f64 = 44.0;

/// Colours that keep their contrast on both grounds; the text follows the ground.
const STYLE: &str = "<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.small { font-size: 11px }
.server { fill: #2f6fdb } .database { fill: #c2571a } .floor { fill: #7d8590 } .sign { fill: #8a63d2 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
</style>";

/// One coloured part of a bar.
type Part = (&'static str, f64);

/// The whole picture.
pub fn draw(results: &Results) -> String {
    let mut body = String::new();
    let mut y = 8.0;
    legend(&mut body, &mut y);
    for backend in Backend::ALL {
        panel(&mut body, &mut y, results, backend);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" role=\"img\" \
         aria-label=\"CPU time of each request beside its floors\">\n{STYLE}\n{body}</svg>\n"
    )
}

fn legend(body: &mut String, y: &mut f64) {
    let entries = [
        ("server", "server"),
        ("database", "database"),
        ("floor", "floors: one statement, then one bare JSON answer"),
        ("sign", "one signature"),
    ];
    let mut x = 8.0;
    for (class, words) in entries {
        writeln!(body, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\" rx=\"2\"/>").unwrap();
        text(body, x + 18.0, *y + 11.0, "small", words);
        x += 40.0 + 6.3 * words.len() as f64;
    }
    *y += 16.0;
}

fn panel(body: &mut String, y: &mut f64, results: &Results, backend: Backend) {
    let fits = |measured: &&Measured| {
        measured.backend == backend && measured.connections == CONNECTIONS && measured.scenario != Scenario::SignIn
    };
    let shown: Vec<&Measured> = results.measured.iter().filter(fits).collect();
    let Some(longest) = shown.iter().map(|measured| measured.cpu()).max_by(f64::total_cmp) else { return };
    *y += TITLE;
    let title = format!("{}: CPU µs of each request, {CONNECTIONS} connections", backend.title());
    text(body, 8.0, *y - 14.0, "title", &title);
    for measured in shown {
        let run = &measured.run;
        let parts = [("server", run.each(run.server)), ("database", run.each(run.database))];
        text(body, 8.0, *y + BAR, "", measured.scenario.title());
        let note = format!("{:.0} µs · {:.0} a second", measured.cpu(), run.rate());
        bar(body, *y, &parts, longest, &note);
        let floors = floors_of(results, measured);
        let sum: f64 = floors.iter().map(|(_, length)| length).sum();
        if sum > 0.0 {
            bar(body, *y + BAR + 2.0, &floors, longest, &format!("{sum:.0} µs"));
        }
        *y += PAIR;
    }
}

/// What the request cannot do without: a statement, an answer, perhaps a signature.
fn floors_of(results: &Results, measured: &Measured) -> Vec<Part> {
    use Scenario::{
        AnswerDevice, AskDevice, ExchangeJwt, ExchangeOpaque, IntrospectJwt, IntrospectOpaque, ResourceServer, Rotate,
        RotateJwt, Twilio,
    };
    let scenario = measured.scenario;
    let writes = matches!(scenario, ExchangeOpaque | ExchangeJwt | Rotate | RotateJwt | AskDevice | AnswerDevice);
    let statement = if writes { What::Update } else { What::LookUp };
    let reply = match scenario {
        ExchangeJwt | RotateJwt | Twilio => ExchangeJwt,
        IntrospectOpaque | IntrospectJwt | ResourceServer => IntrospectOpaque,
        _ => ExchangeOpaque,
    };
    let cpu = |what, backend| results.floor(what, backend, CONNECTIONS).map_or(0.0, |floor| floor.cpu);
    let mut parts = vec![("floor", cpu(statement, Some(measured.backend))), ("floor", cpu(What::Reply(reply), None))];
    if matches!(scenario, ExchangeJwt | RotateJwt) {
        parts.push(("sign", cpu(What::Signature, None)));
    }
    parts
}

fn bar(body: &mut String, y: f64, parts: &[Part], longest: f64, note: &str) {
    let mut x = LEFT;
    for (class, length) in parts {
        let width = length / longest * LONGEST;
        let shown = (width - 1.0).max(0.0);
        writeln!(body, "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y}\" width=\"{shown:.1}\" height=\"{BAR}\"/>")
            .unwrap();
        x += width;
    }
    text(body, x + 6.0, y + BAR - 2.0, "small", note);
}

fn text(body: &mut String, x: f64, y: f64, class: &str, words: &str) {
    writeln!(body, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>").unwrap();
}
