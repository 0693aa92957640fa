//! Owns the floors of the processor and the disk: password hashing, signing with either kind of key, syncing.

use std::io::Write;
use std::path::Path;
use std::sync::Barrier;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use couplet::app::SystemClock;
use couplet::config::{Config, Purpose};
use couplet::model::password_cost::PasswordCost;
use couplet::model::time::Clock;
use couplet::model::twilio::{AccountSid, ApiKey, ApiKeySid, TokenLife};
use couplet::twilio::access_token::{AccessTokenKey, Algorithm, Identity, NewToken};
use couplet::twilio::grants::{Grants, VideoGrant};

use super::{Floor, What};
use crate::machine;
use crate::server::TWILIO;

/// What a signed access token has to sign, about.
const CLAIMS: usize = 400;

/// Hashes on all cores by each crate; gives the better of the two.
pub fn argon2id(time: Duration) -> Floor {
    let cost = Config::load(None, &|_| None, Purpose::Tool).unwrap().password;
    let cores = available_parallelism().map_or(2, usize::from);
    let rates = [on_all_cores(cores, time, || by_argon2(cost)), on_all_cores(cores, time, || by_argon2_rust(cost))];
    let (rate, cpu) = rates.into_iter().max_by(|one, other| one.0.total_cmp(&other.0)).unwrap();
    Floor { what: What::Argon2id, backend: None, connections: cores, rate, cpu }
}

fn by_argon2(cost: PasswordCost) -> impl FnMut(&[u8]) {
    let PasswordCost { memory_kib, iterations, parallelism } = cost;
    let params = argon2::Params::new(memory_kib, iterations, parallelism, Some(32)).unwrap();
    let mut memory = vec![argon2::Block::default(); params.block_count()];
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    move |password| {
        let mut out = [0; 32];
        argon2.hash_password_into_with_memory(password, b"sixteen bytes ok", &mut out, &mut memory).unwrap();
    }
}

fn by_argon2_rust(cost: PasswordCost) -> impl FnMut(&[u8]) {
    use argon2_rust::params::{Memory, TagLen};
    let params = argon2_rust::Params::builder()
        .memory(Memory::kib(cost.memory_kib.into()))
        .passes(cost.iterations)
        .lanes(cost.parallelism)
        .threads(1)
        .tag_len(TagLen::bytes(32));
    let argon2 = argon2_rust::Argon2::new(
        argon2_rust::Algorithm::Argon2id,
        argon2_rust::Version::V0x13,
        params.build().unwrap(),
    );
    let mut hasher = argon2.hasher();
    move |password| drop(hasher.hash_encoded(password, b"sixteen bytes ok").unwrap())
}

/// Repeats work in one thread for each core; gives how often a second all together, and the CPU time of each turn.
fn on_all_cores<W: FnMut(&[u8])>(cores: usize, time: Duration, make: impl Fn() -> W + Sync) -> (f64, f64) {
    let barrier = Barrier::new(cores);
    let before = machine::cpu_of_self();
    let rates: Vec<(f64, u32)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(|| repeat(&barrier, time, make()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let cpu = machine::cpu_of_self().saturating_sub(before).as_secs_f64() * 1e6;
    let turns: u32 = rates.iter().map(|(_, turns)| turns).sum();
    (rates.iter().map(|(rate, _)| rate).sum(), cpu / f64::from(turns))
}

fn repeat(barrier: &Barrier, time: Duration, mut work: impl FnMut(&[u8])) -> (f64, u32) {
    work(b"the first one touches the memory");
    barrier.wait();
    let (began, mut turns) = (Instant::now(), 0_u32);
    while began.elapsed() < time {
        work(b"correct horse battery staple");
        turns += 1;
    }
    (f64::from(turns) / began.elapsed().as_secs_f64(), turns)
}

/// Signs in one thread.
pub fn signature(time: Duration) -> Floor {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref()).unwrap();
    let message = [b'a'; CLAIMS];
    let sign = || |_: &[u8]| _ = std::hint::black_box(key.sign(&random, &message).unwrap());
    let (rate, cpu) = on_all_cores(1, time, sign);
    Floor { what: What::Signature, backend: None, connections: 1, rate, cpu }
}

/// Makes Twilio access tokens in one thread, and beside it the HMAC that each of them needs.
pub fn twilio_token(time: Duration) -> [Floor; 2] {
    let (account_sid, sid, secret) = TWILIO;
    let key = AccessTokenKey::new(
        &ApiKey {
            account_sid: AccountSid::parse(account_sid).unwrap(),
            sid: ApiKeySid::parse(sid).unwrap(),
            secret: secret.to_owned().into(),
            region: None,
        },
        Algorithm::default(),
    );
    let identity = Identity::parse("0d2b3c4d-0000-4000-8000-000000000000").unwrap();
    let grants = Grants { video: Some(VideoGrant { room: Some("Lobby".to_owned()) }), ..Grants::default() };
    let new = NewToken { identity: &identity, grants: &grants, life: TokenLife::USUAL, not_before: None };
    let now = SystemClock.now();
    let token = key.mint(&new, now).unwrap();
    let (signed, _) = token.expose().rsplit_once('.').unwrap();
    let raw = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let floor = |what, (rate, cpu)| Floor { what, backend: None, connections: 1, rate, cpu };
    let sign = || |_: &[u8]| _ = std::hint::black_box(hmac::sign(&raw, signed.as_bytes()));
    let mint = || |_: &[u8]| _ = std::hint::black_box(key.mint(&new, now).unwrap());
    [floor(What::Hmac, on_all_cores(1, time, sign)), floor(What::TwilioToken, on_all_cores(1, time, mint))]
}

/// Appends and syncs, in a file beside the databases.
pub fn sync(folder: &Path, time: Duration) -> Floor {
    let mut file = std::fs::File::create(folder.join("sync")).unwrap();
    let (before, began, mut turns) = (machine::cpu_of_self(), Instant::now(), 0_u32);
    while began.elapsed() < time {
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        turns += 1;
    }
    let rate = f64::from(turns) / began.elapsed().as_secs_f64();
    let cpu = machine::cpu_of_self().saturating_sub(before).as_secs_f64() * 1e6 / f64::from(turns);
    Floor { what: What::Sync, backend: None, connections: 1, rate, cpu }
}
