//! How long a journal takes: to bring a record to the disk, to verify all of a long one, and to show the newest of it.
//!
//! `SEKISHO_RECORDS=1000000 cargo bench --bench journal` measures one as long as a team makes in years. It is made here by
//! hand, from the form that `docs/journal.md` describes, and so holds that against the program.

use std::fs;
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use sekisho::journal::audit::audit;
use sekisho::journal::chain::GENESIS;
use sekisho::journal::query::Query;
use sekisho::journal::reader::Reader;
use sekisho::journal::{FILE, Journal};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// How many records there are unless it is said otherwise.
const RECORDS: u64 = 20_000;

fn records() -> u64 {
    std::env::var("SEKISHO_RECORDS").ok().and_then(|text| text.parse().ok()).unwrap_or(RECORDS)
}

/// A record without what makes it one of a chain: each second one is the outcome of the one before.
fn members(seq: u64) -> Value {
    let begun = seq - u64::from(seq.is_multiple_of(2));
    let time = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seq.cast_signed());
    let user = format!("op-{:04}", begun % 50);
    let mut record = json!({
        "version": 1, "seq": seq, "time": time.to_string(),
        "act": {
            "actor": {
                "arn": format!("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SekishoResponder_0123456789abcdef/{user}"),
                "user": user, "user_id": format!("AROAEXAMPLE:{user}"),
            },
            "role": "responder", "host": "bastion-1", "environment": "prd", "account": "111122223333",
            "region": "ap-northeast-1", "entry": "db-readonly", "operation": "ssm.port_forward",
            "catalogue": "ab".repeat(32), "parameters": { "local_port": "15432" }, "target": "tunnel/tunnel 01234567",
            "target_arn": "arn:aws:ecs:ap-northeast-1:111122223333:task/shop-prd/0123456789abcdef0123456789abcdef",
            "reason": "遅いクエリの確認", "ticket": format!("INC-{}", seq / 40),
        },
    });
    let own = if seq.is_multiple_of(2) {
        json!({ "kind": "outcome", "intent": seq - 1, "result": "done", "duration_ms": 1_980_500 })
    } else {
        json!({ "kind": "intent", "process": { "id": "0d9f4a1e-0000-4000-8000-000000000001", "pid": 4711 } })
    };
    record.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    record
}

/// Writes a journal of so many records.
fn write(folder: &Path, records: u64) {
    let mut file = BufWriter::new(fs::File::create(folder.join(FILE)).unwrap());
    let mut prev = GENESIS.to_owned();
    for seq in 1..=records {
        let mut record = members(seq);
        record["prev"] = prev.into();
        prev = hex::encode(Sha256::digest(serde_jcs::to_vec(&record).unwrap()));
        record["hash"] = prev.clone().into();
        file.write_all(&serde_jcs::to_vec(&record).unwrap()).unwrap();
        file.write_all(b"\n").unwrap();
    }
    file.flush().unwrap();
}

fn journal(criterion: &mut Criterion) {
    let (folder, records) = (tempfile::tempdir().unwrap(), records());
    write(folder.path(), records);
    let path = folder.path().join(FILE);
    let found = audit(&path, Vec::new(), |_| Ok::<(), ()>(())).unwrap();
    assert_eq!((found.verified.unwrap().records, found.broken), (records, None));

    let mut group = criterion.benchmark_group(format!("{records} records"));
    group.sample_size(10);
    group.bench_function("verified as a whole", |bencher| {
        bencher.iter(|| black_box(audit(&path, Vec::new(), |_| Ok::<(), ()>(())).unwrap()));
    });
    group.bench_function("the newest page, before anything else is known", |bencher| {
        bencher.iter(|| {
            let mut reader = Reader::new(&path);
            reader.work();
            black_box(reader.page(0, 60, false).unwrap())
        });
    });
    group.bench_function("a word, looked for in all of them", |bencher| {
        bencher.iter(|| {
            let mut reader = Reader::new(&path);
            reader.ask(Query::of("inc-7"));
            while reader.page(0, 60, false).unwrap().is_searching {
                reader.work();
            }
        });
    });
    group.bench_function("opened to be written to, whatever its length", |bencher| {
        bencher.iter(|| black_box(Journal::open(folder.path()).unwrap()));
    });
    group.finish();
}

criterion_group!(benches, journal);
criterion_main!(benches);
