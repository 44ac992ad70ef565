//! The gateway with the listeners a story asks for, and connections to them that stay.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iso8583::{Frame, Framing, Header, HeaderForm, Message, Tpdu};
use shoudan::connectors::network::{Config, Connector};
use shoudan::gateway::{self, Carriage, Door, DoorSettings, Gateway, Settings};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::scene::{PATIENCE, Scene, zone_key};

/// Longer than any story, shorter than a broken one should take.
pub const FOR_EVER: Duration = Duration::from_secs(20);

/// A gateway that shows out who is slow while a story can still wait for it.
pub fn impatient() -> Settings {
    Settings {
        greeting: Duration::from_millis(1500),
        idle: Duration::from_millis(1500),
        drip: Duration::from_millis(500),
        resolve_every: Duration::from_millis(100),
        ..Settings::with_zone_key(zone_key())
    }
}

/// One that has time.
pub fn patient() -> Settings {
    Settings {
        greeting: Duration::from_mins(5),
        idle: Duration::from_mins(5),
        drip: Duration::from_mins(5),
        ..impatient()
    }
}

/// A listener on any free port.
pub fn door() -> DoorSettings {
    DoorSettings::plain(([127, 0, 0, 1], 0).into())
}

pub fn http_door() -> DoorSettings {
    DoorSettings {
        carriage: Carriage::Http,
        ..door()
    }
}

/// The gateway that stands where the scene's own stood. Dropping it stops it.
pub struct Hall {
    pub addresses: Vec<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<()>>,
}

impl Hall {
    /// Opens it in the place of the scene's gateway; the scene's terminals come to the first door.
    pub async fn open(scene: &mut Scene, settings: Settings, doors: &[DoorSettings]) -> Self {
        scene.stop().await;
        let connector = Connector::start(Config {
            timeout: PATIENCE,
            ..Config::at(scene.network.address().to_string())
        });
        let open = |door| Door::open(door, &settings.profiles).unwrap();
        let doors: Vec<Door> = doors.iter().map(open).collect();
        let addresses: Vec<_> = doors.iter().map(|door| door.address().unwrap()).collect();
        let gateway = Gateway::open(scene.app.clone(), connector, settings).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(gateway::serve_at(doors, Arc::clone(&gateway), async {
            let _ = stopped.await;
        }));
        scene.address = addresses[0];
        Self {
            addresses,
            stop: Some(stop),
            served: Some(served),
        }
    }

    pub async fn stop(mut self) {
        self.stop = None;
        self.served.take().unwrap().await.unwrap();
    }
}

/// A connection that stays open between messages.
pub struct Wire<S> {
    pub stream: S,
    pub framing: Framing,
    pub header: HeaderForm,
}

impl Wire<TcpStream> {
    pub async fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub fn over(stream: S) -> Self {
        Self {
            stream,
            framing: Framing::default(),
            header: HeaderForm::SixBytes,
        }
    }

    pub fn framed(&self, message: &Message) -> Vec<u8> {
        Frame {
            tpdu: Tpdu::from_hex("6000030000").unwrap(),
            header: match self.header {
                HeaderForm::SixBytes => Header::from_hex("603100310000"),
                HeaderForm::Absent => None,
            },
            message: message.encode().unwrap(),
        }
        .to_wire()
        .unwrap()
    }

    pub async fn send(&mut self, message: &Message) {
        let wire = self.framed(message);
        self.stream.write_all(&wire).await.unwrap();
    }

    /// The next frame that comes; none where the connection ends instead.
    pub async fn frame(&mut self) -> Option<Frame> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.framing.next_frame().unwrap() {
                return Some(frame);
            }
            let read = tokio::time::timeout(FOR_EVER, self.stream.read(&mut buffer)).await;
            match read.expect("neither an answer nor the end came") {
                Ok(count @ 1..) => self.framing.feed(&buffer[..count]),
                _ => return None,
            }
        }
    }

    pub async fn answer(&mut self) -> Option<Message> {
        Some(Message::decode(&self.frame().await?.message).unwrap())
    }

    /// The code that a message is answered with; `closed` where the connection ends instead.
    pub async fn code(&mut self, message: &Message) -> String {
        self.send(message).await;
        let answer = self.answer().await;
        answer.map_or_else(|| "closed".to_owned(), |answer| answer.text(39).unwrap().to_owned())
    }

    pub async fn has_ended(&mut self) -> bool {
        self.answer().await.is_none()
    }
}
