//! A card network that approves everything at once: its answers are cut from the requests, so that it takes as little of
//! the machine as can be.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use simulators::load::answer_to;

use crate::{Failure, Options};

/// Bytes of length, TPDU and header before a message.
const BEFORE: usize = 13;
/// Field 44: issuer and acquirer, with its length before it.
const INSTITUTIONS: &[u8] = b"\x2201020000   48221000   ";

/// Listens until it is killed.
pub fn run(options: &Options) -> Result<(), Failure> {
    let listener = TcpListener::bind(options.text("listen")?)?;
    println!("address {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || {
            if let Err(error) = converse(stream) {
                eprintln!("bench network: {error}");
            }
        });
    }
    Ok(())
}

/// Answers what is there with one write.
fn converse(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 256 * 1024];
    let (mut waiting, mut answers) = (Vec::new(), Vec::new());
    let mut given: u64 = 0;
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        waiting.extend(buffer.get(..count).unwrap_or_default());
        let mut done = 0;
        while let Some(frame) = next(waiting.get(done..).unwrap_or_default()) {
            done += frame.len();
            given += 1;
            answer(frame, given, &mut answers);
        }
        waiting.drain(..done);
        stream.write_all(&answers)?;
        answers.clear();
    }
}

/// The first whole frame, its length included.
fn next(bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes
        .get(..2)
        .map(|head| head.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))?;
    bytes.get(..length + 2).filter(|frame| frame.len() > BEFORE)
}

fn answer(frame: &[u8], given: u64, out: &mut Vec<u8>) {
    let start = out.len();
    let (head, message) = frame.split_at(BEFORE);
    let (length_and_id, rest) = head.split_at(3);
    let (addresses, header) = rest.split_at(4);
    let (to, from) = addresses.split_at(2);
    for part in [length_and_id, from, to, header] {
        out.extend(part);
    }
    let code = format!("{:06}", given % 1_000_000);
    let own: [(usize, &[u8]); 3] = [(38, code.as_bytes()), (39, b"00"), (44, INSTITUTIONS)];
    if answer_to(message, &own, out).is_none() {
        out.truncate(start);
        return;
    }
    let length = u16::try_from(out.len() - start - 2).unwrap_or(0).to_be_bytes();
    out.iter_mut().skip(start).zip(length).for_each(|(to, from)| *to = from);
}
