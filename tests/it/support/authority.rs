//! A certificate authority of the tests' own, and what it issues.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::{Certificate, Client, ClientBuilder};

/// Issues certificates for `localhost`.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: String,
}

/// A certificate with its key, both in PEM.
pub struct Issued {
    /// The chain.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl Authority {
    /// A fresh one.
    pub fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), root }
    }

    /// A certificate that is good until a day of this year.
    pub fn issue_until(&self, year: i32, month: u8, day: u8) -> Issued {
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(year, month, day);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        Issued { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// A certificate that is good for long.
    pub fn issue(&self) -> Issued {
        self.issue_until(2090, 1, 1)
    }

    /// A program that trusts nobody else, and opens a new connection each time.
    pub fn client(&self) -> Client {
        self.client_builder().pool_max_idle_per_host(0).build().unwrap()
    }

    /// The same, to be changed.
    pub fn client_builder(&self) -> ClientBuilder {
        let root = Certificate::from_pem(self.root.as_bytes()).unwrap();
        Client::builder().tls_certs_only([root]).resolve("localhost", ([127, 0, 0, 1], 0).into())
    }
}
