//! One connection of the acquirer: requests are dealt with as they come, answers go out when they are due.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use iso8583::values::F60;
use iso8583::{Frame, Framing, Header, Kind, Message, Tpdu};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::answers::{End, Sending, answer, faulty, wire};
use super::rules::{Fault, Outage};
use super::{Deed, Shared};

/// Accepts until it is dropped, and with it every connection. While the network refuses, nobody listens.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut outage = shared.outage.subscribe();
    let mut connections = JoinSet::new();
    let mut listener = Some(listener);
    loop {
        let now = *outage.borrow_and_update();
        if now == Some(Outage::Refuse) {
            listener = None;
            let _ = outage.changed().await;
            continue;
        }
        let Some(open) = &listener else {
            match TcpListener::bind(shared.address).await {
                Ok(again) => listener = Some(again),
                Err(error) => {
                    tracing::warn!(%error, "the simulated network cannot listen again");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            continue;
        };
        let accepted = tokio::select! {
            _ = outage.changed() => continue,
            accepted = open.accept() => accepted,
        };
        match accepted {
            Ok((connection, _)) if now == Some(Outage::Reset) => reset(&connection),
            Ok((connection, _)) => {
                connections.spawn(converse(connection, Arc::clone(&shared)));
            }
            Err(error) => {
                tracing::warn!(%error, "the simulated network cannot accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// The connection will end with a reset instead of an orderly close.
fn reset(connection: &TcpStream) {
    let _ = connection.set_zero_linger();
}

/// One connection until it ends.
async fn converse(mut connection: TcpStream, shared: Arc<Shared>) {
    let _ = connection.set_nodelay(true);
    let (answers, outgoing) = mpsc::unbounded_channel();
    let mut outage = shared.outage.subscribe();
    let (reading, writing) = connection.split();
    let end = tokio::select! {
        () = read(reading, &shared, &answers) => End::Close,
        end = write(writing, outgoing, shared.outage.subscribe()) => end,
        end = ended_by(&mut outage) => end,
        () = announce(&shared, &answers) => End::Close,
    };
    if end == End::Reset {
        reset(&connection);
    }
}

/// What ends a connection from outside: the network refuses or resets everything.
async fn ended_by(outage: &mut watch::Receiver<Option<Outage>>) -> End {
    let ends = |now: &Option<Outage>| matches!(now, Some(Outage::Refuse | Outage::Reset));
    match outage.wait_for(ends).await.map(|now| *now) {
        Ok(Some(Outage::Reset)) => End::Reset,
        _ => End::Close,
    }
}

/// Tells this connection of each new business date.
async fn announce(shared: &Shared, answers: &mpsc::UnboundedSender<Sending>) {
    let mut announcements = shared.announcements.subscribe();
    loop {
        match announcements.recv().await {
            Ok(message) => {
                let frame = Frame {
                    tpdu: Tpdu::new([0, 0], [0, 4]),
                    header: Some(Header::from_bytes([0x60, 0x31, 0x00, 0x31, 0x00, 0x00])),
                    message: Vec::new(),
                };
                let wire = wire(&frame, message, shared.mac().as_ref());
                let _ = answers.send(Sending {
                    wire: wire.unwrap_or_default(),
                    ..Sending::default()
                });
            }
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
        }
    }
}

async fn read(mut reading: ReadHalf<'_>, shared: &Shared, answers: &mpsc::UnboundedSender<Sending>) {
    let mut outage = shared.outage.subscribe();
    let mut framing = Framing::default();
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let _ = outage.wait_for(|now| *now != Some(Outage::Freeze)).await;
        let Ok(read @ 1..) = reading.read(&mut buffer).await else {
            return;
        };
        framing.feed(buffer.get(..read).unwrap_or_default());
        loop {
            match framing.next_frame() {
                Ok(Some(frame)) => {
                    let Some(sendings) = deal(&frame, shared) else {
                        return;
                    };
                    for sending in sendings {
                        send(sending, answers);
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

/// Deals with one request: what is sent for it, none where the connection is to be closed.
fn deal(frame: &Frame, shared: &Shared) -> Option<Vec<Sending>> {
    let request = Message::decode(&frame.message).ok()?;
    if request.mti().is_response() {
        shared.inside().book.hears(&request);
        return Some(Vec::new());
    }
    let kind = Kind::of(&request);
    let mut inside = shared.inside();
    let inside = &mut *inside;
    inside.book.hears(&request);
    let authentic = inside.mac.as_ref().is_none_or(|mac| request.verify(mac).is_ok());
    let verdict = inside.rules.judge(&request, kind, inside.since.elapsed());
    let deed = if !authentic {
        answer(&request, "A0", Duration::ZERO, None)
    } else if verdict.fault == Some(Fault::LoseRequest) {
        Deed::Silence
    } else if super::is_sign_on(&request) {
        answer(&request, "00", Duration::ZERO, None)
    } else {
        inside.book.decide(&inside.script, &request, kind, verdict.outcome)
    };
    let (wait, message) = match deed {
        Deed::Drop => return None,
        Deed::Silence => return Some(Vec::new()),
        Deed::Answer(wait, message) => (wait + verdict.wait, *message),
    };
    let mac = inside.mac.as_ref();
    Some(match verdict.fault {
        Some(fault) => faulty(
            frame,
            message,
            wait,
            &fault,
            mac,
            (&mut inside.held, inside.rules.chance()),
        ),
        None => wire(frame, message, mac)
            .map(|wire| Sending {
                wait,
                wire,
                ..Sending::default()
            })
            .into_iter()
            .collect(),
    })
}

fn send(sending: Sending, answers: &mpsc::UnboundedSender<Sending>) {
    if sending.wait.is_zero() {
        let _ = answers.send(sending);
        return;
    }
    let answers = answers.clone();
    tokio::spawn(async move {
        tokio::time::sleep(sending.wait).await;
        // The connection may have gone meanwhile: then the answer is lost, as it would be.
        let _ = answers.send(sending);
    });
}

/// Writes what is due, plain answers together, until one of them ends the connection.
async fn write(
    mut writing: WriteHalf<'_>,
    mut outgoing: mpsc::UnboundedReceiver<Sending>,
    mut outage: watch::Receiver<Option<Outage>>,
) -> End {
    let mut ready = Vec::new();
    while outgoing.recv_many(&mut ready, 64).await > 0 {
        let _ = outage.wait_for(|now| *now != Some(Outage::Freeze)).await;
        match write_all(&mut writing, &mut ready).await {
            Ok(None) => {}
            Ok(Some(end)) => return end,
            Err(_) => return End::Close,
        }
    }
    End::Close
}

async fn write_all(writing: &mut WriteHalf<'_>, ready: &mut Vec<Sending>) -> io::Result<Option<End>> {
    let mut out = Vec::new();
    for sending in ready.drain(..) {
        if let Some(drip) = sending.drip {
            writing.write_all(&out).await?;
            out.clear();
            for byte in sending.wire {
                writing.write_all(&[byte]).await?;
                tokio::time::sleep(drip).await;
            }
        } else {
            out.extend(sending.wire);
        }
        if sending.end.is_some() {
            writing.write_all(&out).await?;
            return Ok(sending.end);
        }
    }
    writing.write_all(&out).await?;
    Ok(None)
}

/// The announcement of a business date, MMDD in field 15.
pub(super) fn announcement(date: &str) -> Option<Message> {
    let day = format!("{}{}", date.get(5..7)?, date.get(8..10)?);
    let mut message = Message::new("0820").ok()?;
    message.set_number(11, 1).ok()?.set(15, &day).ok()?;
    message.set(41, "00000000").ok()?.set(42, "000000000000000").ok()?;
    message.set(60, &F60::management(0, 201).digits().ok()?).ok()?;
    Some(message)
}
