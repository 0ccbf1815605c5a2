//! What the data channel costs by itself: messages written and read, smux, and the redaction of what is recorded.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use sekisho::journal::redact::Redactor;
use sekisho::session::message::{Head, Message, PayloadType};
use sekisho::session::tunnel::smux;

/// What messages hold: what the official programs put into one, and the most of ours.
const SIZES: [usize; 2] = [1_024, 16 * 1_024];

fn payload(bytes: usize) -> Vec<u8> {
    let mut noise = fastrand::Rng::with_seed(1);
    (0..bytes).map(|_| noise.u8(..)).collect()
}

fn messages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("message");
    for size in SIZES {
        let payload = payload(size);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(BenchmarkId::new("encode", size), &payload, |bencher, payload| {
            bencher.iter(|| {
                let head = Head::input(PayloadType::Output, 7, 1_700_000_000_000);
                Message { head, payload: black_box(payload) }.encode()
            });
        });
        let head = Head::input(PayloadType::Output, 7, 1_700_000_000_000);
        let frame = Message { head, payload: &payload }.encode();
        group.bench_with_input(BenchmarkId::new("decode", size), &frame, |bencher, frame| {
            bencher.iter(|| Message::decode(black_box(frame)).map(|message| message.payload.len()));
        });
    }
    group.finish();
}

/// A stream of bytes with so much data of fifty streams in it.
fn interleaved(frames: u32, each: u16) -> Bytes {
    let data = payload(each.into());
    let mut stream = Vec::new();
    for frame in 0..frames {
        stream.extend_from_slice(&smux::data_header(smux::FIRST_STREAM + 2 * (frame % 50), each));
        stream.extend_from_slice(&data);
    }
    stream.into()
}

fn streams(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("smux");
    let stream = interleaved(1_000, 4_096);
    for size in SIZES {
        group.throughput(Throughput::Bytes(stream.len() as u64));
        group.bench_with_input(BenchmarkId::new("decode in pieces", size), &size, |bencher, size| {
            bencher.iter(|| {
                let (mut decoder, mut rest, mut came) = (smux::Decoder::default(), stream.clone(), 0);
                while !rest.is_empty() {
                    let mut piece = rest.split_to(rest.len().min(*size));
                    while let Ok(Some(frame)) = decoder.next(&mut piece) {
                        came += usize::from(matches!(frame, smux::Frame::Data(..)));
                    }
                }
                came
            });
        });
    }
    group.finish();
}

/// What a terminal shows, with colours, Japanese, and now and then a secret.
fn terminal() -> Vec<u8> {
    let mut text = String::new();
    for line in 0..2_000 {
        text.push_str(
            "\x1b[32m2026-11-22T09:00:00Z\x1b[0m INFO 注文を受け付けました order=1234567 took=15ms path=/v1/orders\r\n",
        );
        if line % 100 == 0 {
            text.push_str("$ export PGPASSWORD=correct-horse-battery\r\n");
        }
    }
    text.into_bytes()
}

fn redaction(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("redact");
    let output = terminal();
    group.throughput(Throughput::Bytes(output.len() as u64));
    group.bench_function("terminal output", |bencher| {
        bencher.iter(|| {
            let mut redactor = Redactor::default();
            let mut kept = 0;
            for piece in output.chunks(1_024) {
                kept += redactor.push(black_box(piece), Timestamp::UNIX_EPOCH).len();
            }
            kept += redactor.finish().len();
            assert_eq!(redactor.count(), 20);
            kept
        });
    });
    group.finish();
}

criterion_group!(benches, messages, streams, redaction);
criterion_main!(benches);
