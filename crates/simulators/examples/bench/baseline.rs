//! The baseline: the job of the gateway the way it is usually written. Every request takes a connection from a pool and
//! runs transactions of its own: one that asks the gate and keeps the intent, one that keeps the outcome with its fee.
//! The row and its indexes are those of the product; keys of terminals stay in memory, and nothing is folded, audited or
//! told, so what is measured flatters it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use iso8583::{Frame, Framing, Header, HeaderForm, Message, Tpdu};
use simulators::load::{ACQUIRER, PER_MERCHANT};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_postgres::{Client, NoTls, Statement};

use crate::host::{self, Keys};
use crate::{Failure, Options};

const SCHEMA: &str = "
    drop table if exists gates; drop table if exists sales;
    create table gates (merchant_id text not null, terminal_id text not null, blocked bigint not null,
      primary key (merchant_id, terminal_id));
    create table sales (merchant_id text not null, id text not null, terminal_id text not null, batch bigint not null,
      stan bigint not null, message_class text not null, kind text not null, amount bigint not null, fee bigint,
      state text not null, response_code text not null, rrn text not null, auth_code text not null,
      masked_card text not null, card_index text not null, entry_mode text not null, request_hash text not null,
      answer bytea, upstream_stan bigint not null, received_at bigint not null, finished_at bigint,
      primary key (merchant_id, id));
    create unique index sales_once on sales (merchant_id, terminal_id, batch, stan, message_class);
    create index sales_by_time on sales (merchant_id, received_at);
    create index sales_by_rrn on sales (rrn);
    create index sales_open on sales (state) where state in ('pending', 'unknown');";
const MAY: &str = "select blocked from gates where merchant_id = $1 and terminal_id = $2";
const INTEND: &str = "insert into sales (merchant_id, id, terminal_id, batch, stan, message_class, kind, amount, state,
      response_code, rrn, auth_code, masked_card, card_index, entry_mode, request_hash, upstream_stan, received_at)
    values ($1, $2, $3, 100, $4, 'request', 'sale', $5, 'pending', '', $6, '', $7, $8, '022', $8, $9, $10)
    on conflict (merchant_id, terminal_id, batch, stan, message_class) do nothing";
const END: &str = "update sales set state = $3, response_code = $4, auth_code = $5, fee = $6, answer = $7,
      finished_at = $8 where merchant_id = $1 and id = $2 and state = 'pending'";

/// Serves until it is killed.
pub fn run(options: &Options) -> Result<(), Failure> {
    host::block_on(async {
        let url = options.text("database")?;
        fill(url, options.number("terminals")?).await?;
        let server = Arc::new(Server {
            keys: Keys::of(options)?,
            pool: Pool::open(url, options.number("pool")?).await?,
            network: Network::open(options.text("network")?).await?,
            began: Instant::now(),
        });
        host::serve(options, move |message| {
            let server = Arc::clone(&server);
            async move { server.answer(&message).await }
        })
        .await
    })
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Empty tables, and a gate that is open for every terminal.
async fn fill(url: &str, terminals: u64) -> Result<(), Failure> {
    let client = connect(url).await?;
    client.batch_execute(SCHEMA).await?;
    let gates = format!(
        "insert into gates select 'mch_' || lpad((n / {PER_MERCHANT})::text, 26, '0'), 'trm_' || lpad(n::text, 26, '0'), 0 \
         from generate_series(0, {}) n; analyze gates",
        terminals.saturating_sub(1)
    );
    Ok(client.batch_execute(&gates).await?)
}

/// A connection with its statements.
struct Seat {
    client: Client,
    may: Statement,
    intend: Statement,
    end: Statement,
}

struct Pool {
    free: Mutex<Vec<Seat>>,
    permits: Semaphore,
}

impl Pool {
    async fn open(url: &str, size: u64) -> Result<Self, Failure> {
        let mut seats = Vec::new();
        for _ in 0..size {
            let client = connect(url).await?;
            seats.push(Seat {
                may: client.prepare(MAY).await?,
                intend: client.prepare(INTEND).await?,
                end: client.prepare(END).await?,
                client,
            });
        }
        Ok(Self {
            permits: Semaphore::new(seats.len()),
            free: Mutex::new(seats),
        })
    }

    /// Lends a connection to `work`, which hands it back.
    async fn with<T>(&self, work: impl AsyncFnOnce(&mut Seat) -> Result<T, tokio_postgres::Error>) -> Option<T> {
        let _permit = self.permits.acquire().await.ok()?;
        let taken = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut seat = taken?;
        let done = work(&mut seat).await;
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(seat);
        done.inspect_err(|error| eprintln!("bench baseline: {error}")).ok()
    }
}

type Waiting = Arc<Mutex<HashMap<u32, oneshot::Sender<Message>>>>;

/// The line to the network: one connection that all share.
struct Network {
    out: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Waiting,
    trace: AtomicU32,
}

impl Network {
    async fn open(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (mut reading, mut writing) = stream.into_split();
        let (out, mut outgoing) = mpsc::unbounded_channel::<Vec<u8>>();
        let waiting = Waiting::default();
        tokio::spawn(async move {
            let mut ready = Vec::new();
            while outgoing.recv_many(&mut ready, 64).await > 0 {
                if writing.write_all(&ready.concat()).await.is_err() {
                    return;
                }
                ready.clear();
            }
        });
        let answered = Arc::clone(&waiting);
        tokio::spawn(async move {
            let mut framing = Framing::new(HeaderForm::SixBytes, Framing::DEFAULT_MAXIMUM);
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = reading.read(&mut buffer).await {
                framing.feed(buffer.get(..count).unwrap_or_default());
                while let Ok(Some(frame)) = framing.next_frame() {
                    hand_over(&answered, &frame);
                }
            }
        });
        Ok(Self {
            out,
            waiting,
            trace: AtomicU32::new(0),
        })
    }

    async fn ask(&self, mut request: Message, trace: u32) -> Option<Message> {
        request.set_number(11, trace.into()).ok()?.set(32, ACQUIRER).ok()?;
        request.remove(63).remove(64);
        let frame = Frame {
            tpdu: Tpdu::new([0x00, 0x04], [0x00, 0x00]),
            header: Some(Header::from_bytes([0x60, 0x31, 0x00, 0x31, 0x00, 0x00])),
            message: request.encode().ok()?,
        };
        let (reply, answer) = oneshot::channel();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(trace, reply);
        self.out.send(frame.to_wire().ok()?).ok()?;
        answer.await.ok()
    }
}

fn hand_over(waiting: &Waiting, frame: &Frame) {
    let Ok(message) = Message::decode(&frame.message) else {
        return;
    };
    let trace = message.number(11).and_then(|trace| u32::try_from(trace).ok());
    let caller = trace.and_then(|trace| waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&trace));
    if let Some(caller) = caller {
        // Whoever asked is there until it is answered.
        let _ = caller.send(message);
    }
}

struct Server {
    keys: Keys,
    pool: Pool,
    network: Network,
    began: Instant,
}

impl Server {
    /// Milliseconds, from a moment that need not be the right one.
    fn now(&self) -> i64 {
        1_795_000_000_000 + i64::try_from(self.began.elapsed().as_millis()).unwrap_or(0)
    }

    async fn answer(&self, message: &Message) -> Option<Message> {
        let (n, key) = self.keys.find(message)?;
        let refused = |code: &str| host::compose(message, code, ("000000000000", ""), &key).ok();
        if message.verify(&key).is_err() {
            return refused("A0");
        }
        let drawn = self.network.trace.fetch_add(1, Ordering::Relaxed);
        let trace = drawn % 999_999 + 1;
        let merchant = format!("mch_{:026}", n / PER_MERCHANT);
        let (id, terminal) = (format!("pay_{:013}{drawn:013}", self.now()), format!("trm_{n:026}"));
        let rrn = format!("3260{drawn:08}");
        let number = |field| message.number(field).and_then(|n| i64::try_from(n).ok());
        let (stan, amount) = (number(11)?, number(4)?);
        let masked = iso8583::Pan::parse(message.text(2)?).ok()?.masked();
        let (index, now) = (format!("{drawn:064x}"), self.now());
        let begun = self
            .pool
            .with(async |seat: &mut Seat| {
                let tx = seat.client.transaction().await?;
                let gate = tx.query_opt(&seat.may, &[&merchant, &terminal]).await?;
                if gate.is_none_or(|row| row.get::<_, i64>(0) != 0) {
                    return Ok("62");
                }
                let upstream = i64::from(trace);
                let kept = tx
                    .execute(
                        &seat.intend,
                        &[
                            &merchant, &id, &terminal, &stan, &amount, &rrn, &masked, &index, &upstream, &now,
                        ],
                    )
                    .await?;
                tx.commit().await?;
                Ok(if kept == 1 { "00" } else { "94" })
            })
            .await?;
        if begun != "00" {
            return refused(begun);
        }
        let heard = self.network.ask(message.clone(), trace).await?;
        let (code, auth) = (heard.text(39)?, heard.text(38).unwrap_or_default());
        let answer = host::compose(message, code, (&rrn, auth), &key).ok()?;
        let (state, fee) = if code == "00" {
            ("approved", amount * 60 / 10_000)
        } else {
            ("declined", 0)
        };
        let (kept, now) = (answer.encode().ok()?, self.now());
        let ended = self
            .pool
            .with(async |seat: &mut Seat| {
                seat.client
                    .execute(&seat.end, &[&merchant, &id, &state, &code, &auth, &fee, &kept, &now])
                    .await
            })
            .await?;
        (ended == 1).then_some(answer)
    }
}
