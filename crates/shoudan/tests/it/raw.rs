//! A terminal that can also do what no honest terminal does: it sends any message, or any bytes.

use std::net::SocketAddr;
use std::time::Duration;

use iso8583::crypto::{DesKey, MacAlgorithm, MacKey, Pin, encrypt_pin};
use iso8583::values::{F60, F61, KeyLayout, SignInKeys, SignInRequest};
use iso8583::{Frame, Framing, Header, Message, Mti, Pan, Tpdu};
use simulators::terminal::Card;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::scene::{Scene, TMK};

pub struct Raw {
    pub address: SocketAddr,
    pub number: String,
    pub merchant: String,
    pub algorithm: MacAlgorithm,
    pub batch: u32,
    pub trace: u64,
    pub master: [u8; 16],
    pub mak: Option<MacKey>,
    pub pik: Option<DesKey>,
    pub tdk: Option<DesKey>,
}

/// The frame of a message.
pub fn framed(message: Vec<u8>) -> Vec<u8> {
    let header = Header::from_hex("603100310000");
    Frame {
        tpdu: Tpdu::from_hex("6000030000").unwrap(),
        header,
        message,
    }
    .to_wire()
    .unwrap()
}

/// What comes back for these bytes; none where the connection is closed without an answer.
pub async fn bytes(address: SocketAddr, wire: &[u8]) -> Option<Message> {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(wire).await.unwrap();
    next(&mut connection, &mut Framing::default()).await
}

/// The next answer on a connection.
pub async fn next(connection: &mut TcpStream, framing: &mut Framing) -> Option<Message> {
    let mut buffer = [0; 4096];
    loop {
        if let Some(frame) = framing.next_frame().unwrap() {
            assert_eq!(frame.tpdu.to_string(), "6000000003");
            return Some(Message::decode(&frame.message).unwrap());
        }
        let read = tokio::time::timeout(Duration::from_secs(5), connection.read(&mut buffer)).await;
        match read.expect("neither an answer nor the end came") {
            Ok(count @ 1..) => framing.feed(&buffer[..count]),
            _ => return None,
        }
    }
}

impl Raw {
    pub fn of(scene: &Scene) -> Self {
        Self {
            address: scene.address,
            number: scene.estate.number.clone(),
            merchant: scene.estate.merchant_number.clone(),
            algorithm: MacAlgorithm::Ecb,
            batch: 1,
            trace: 0,
            master: TMK,
            mak: None,
            pik: None,
            tdk: None,
        }
    }

    pub async fn ready(scene: &Scene) -> Self {
        let mut raw = Self::of(scene);
        let answer = raw.sign_in(3).await;
        assert_eq!(answer.text(39), Some("00"));
        raw
    }

    pub async fn send(&self, message: &Message) -> Message {
        bytes(self.address, &framed(message.encode().unwrap()))
            .await
            .expect("the connection was closed")
    }

    /// The code that a message is answered with.
    pub async fn code(&self, message: &Message) -> String {
        self.send(message).await.text(39).unwrap().to_owned()
    }

    pub async fn sign_in(&mut self, code: u16) -> Message {
        let mut request = self.management("0800", code);
        let identity = SignInRequest {
            certificate: "0001".into(),
            serial: "123456".into(),
        };
        request
            .set_bytes(62, &identity.to_bytes().unwrap())
            .unwrap()
            .set_bytes(63, b"01 ")
            .unwrap();
        let answer = self.send(&request).await;
        if answer.text(39) == Some("00") {
            let layout = KeyLayout::from_code(code).unwrap();
            let keys = SignInKeys::parse(answer.bytes(62).unwrap(), layout).unwrap();
            let master = DesKey::new(&self.master).unwrap();
            self.mak = Some(MacKey::new(self.algorithm, keys.mak.open(&master).unwrap().expose()).unwrap());
            self.pik = Some(keys.pik.open(&master).unwrap());
            self.tdk = keys.tdk.map(|key| key.open(&master).unwrap());
            self.batch = F60::of(&answer).unwrap().batch;
        }
        answer
    }

    pub fn management(&mut self, mti: &str, code: u16) -> Message {
        self.trace += 1;
        let mut message = Message::new(mti).unwrap();
        message.set_number(11, self.trace).unwrap();
        self.set_numbers(&mut message);
        message
            .set(60, &F60::management(self.batch, code).digits().unwrap())
            .unwrap();
        message
    }

    fn set_numbers(&self, message: &mut Message) {
        message.set(41, &self.number).unwrap().set(42, &self.merchant).unwrap();
    }

    /// A card message under the next trace number, without a MAC.
    pub fn card(&mut self, mti: &str, processing: &str, kind: u8, card: &Card, amount: u64) -> Message {
        self.trace += 1;
        let mut message = Message::new(mti).unwrap();
        let condition = if matches!(kind, 10 | 11 | 20 | 21 | 24) {
            "06"
        } else {
            "00"
        };
        message
            .set(2, &card.pan)
            .unwrap()
            .set(3, processing)
            .unwrap()
            .set_number(4, amount)
            .unwrap();
        message
            .set_number(11, self.trace)
            .unwrap()
            .set(22, "021")
            .unwrap()
            .set(25, condition)
            .unwrap();
        message
            .set(35, &card.track2)
            .unwrap()
            .set(49, "156")
            .unwrap()
            .set(53, "2600000000000000")
            .unwrap();
        self.set_numbers(&mut message);
        message
            .set(60, &F60::transaction(kind, self.batch).digits().unwrap())
            .unwrap();
        if let (Some(pik), Some(pin)) = (&self.pik, &card.pin) {
            let block = encrypt_pin(pik, &Pin::parse(pin).unwrap(), Pan::parse(&card.pan).ok().as_ref());
            message.set(26, "12").unwrap().set_bytes(52, &block).unwrap();
        }
        message
    }

    pub fn sealed(&self, mut message: Message) -> Message {
        match &self.mak {
            Some(mak) => message.seal(mak).unwrap(),
            None => message.set_bytes(64, b"00000000").unwrap(),
        };
        message
    }

    pub fn sale(&mut self, card: &Card, amount: u64) -> Message {
        let message = self.card("0200", "000000", 22, card, amount);
        self.sealed(message)
    }

    /// The void of a sale, told by the sale and its answer.
    pub fn void(&mut self, card: &Card, sale: &Message, sold: &Message) -> Message {
        let mut message = self.card("0200", "200000", 23, card, sale.number(4).unwrap());
        let trace = u32::try_from(sale.number(11).unwrap()).unwrap();
        message
            .set(61, &F61::new(self.batch, trace, 0).digits().unwrap())
            .unwrap();
        message.set(37, sold.text(37).unwrap_or("000000000000")).unwrap();
        self.sealed(message)
    }

    pub fn reversal(&self, original: &Message) -> Message {
        let mut message = original.clone().with_mti(Mti::parse("0400").unwrap());
        for number in [26, 35, 37, 52, 53, 64] {
            message.remove(number);
        }
        message.set(39, "98").unwrap();
        if message.has(61) {
            let trace = u32::try_from(message.number(11).unwrap()).unwrap();
            message
                .set(61, &F61::new(self.batch, trace, 0).digits().unwrap())
                .unwrap();
        }
        self.sealed(message)
    }
}
