//! A transaction's slip as a picture (PNG) and as a document (PDF): what the terminal printed, to be kept, sent or shown
//! when a slip is asked for. `operations::slips` says what stands on it; here it is set and drawn.

mod doors;
mod face;
pub mod jbig;
mod pdf;
mod png;
mod sheet;

use domain::money::Fen;
use domain::names::Lang;
use domain::time::{Time, Zone};
use fast_qr::ECL;
use fast_qr::qr::QRBuilder;
use operations::slips::{Signing, SlipView};
use thiserror::Error;

pub use doors::{answer, routes};

use crate::portal::page::Institution;
use crate::portal::paths;
use crate::portal::words::slip as w;
use face::Face;
use sheet::Sheet;

/// A slip could not be drawn. Neither of these follows from what stands on it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SlipError {
    /// The font in this program cannot be read.
    #[error("the font of slips cannot be opened; the program was built with a damaged file")]
    Font,
    /// The picture or document could not be written.
    #[error("the slip could not be written: {0}")]
    Picture(String),
}

/// What a slip is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A picture.
    Png,
    /// A document.
    Pdf,
}

impl Form {
    /// Media type.
    pub fn media(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    /// Ending of a file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }
}

/// What a slip is drawn with besides its content.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Language; the content must come in the same.
    pub lang: Lang,
    /// The acquirer.
    pub institution: &'a Institution,
    /// Zone of the times on it.
    pub zone: &'a Zone,
    /// Scheme and host for the link to an explanation.
    pub origin: &'a str,
    /// When it is drawn.
    pub now: Time,
}

/// Sizes of letters, dots.
const SMALL: i32 = 17;
const PLAIN: i32 = 20;
const HEAD: i32 = 26;
const LARGE: i32 = 34;
/// The highest a signature and a QR code become.
const SIGNATURE_HIGH: i32 = 150;
const QR_HIGH: i32 = 190;

/// How a card was read, by the first two digits of F22.
const ENTRIES: &[(&str, &str, &str)] = &[
    ("01", "手工输入", "Keyed in"),
    ("02", "刷卡", "Stripe"),
    ("03", "扫码", "Code"),
    ("05", "插卡", "Chip"),
    ("07", "挥卡", "Contactless"),
];

/// Draws a slip.
pub fn draw(slip: &SlipView, setting: &Setting<'_>, form: Form) -> Result<Vec<u8>, SlipError> {
    let face = Face::open()?;
    let mut sheet = Sheet::new(&face);
    let setter = Setter { slip, setting };
    setter.head(&mut sheet);
    setter.facts(&mut sheet);
    setter.outcome(&mut sheet);
    setter.signing(&mut sheet);
    setter.foot(&mut sheet);
    let height = sheet.height();
    match form {
        Form::Png => png::draw(&face, &sheet.marks, height),
        Form::Pdf => {
            let title = format!("{} {}", w::SLIP.get(setting.lang), slip.transaction.rrn);
            pdf::write(&face, &sheet.marks, height, &title)
        }
    }
}

/// Whether a signature's bytes can be read as JBIG.
pub fn is_readable(received: &[u8]) -> bool {
    jbig::decode(received).is_ok()
}

/// A signature as a picture a browser shows; none where its bytes cannot be read as JBIG.
pub fn signature_picture(received: &[u8]) -> Result<Option<Vec<u8>>, SlipError> {
    let Ok(signature) = jbig::decode(received) else {
        return Ok(None);
    };
    let side = |pixels: usize| i32::try_from(pixels).unwrap_or(0);
    let places = (0..signature.height).flat_map(|y| (0..signature.width).map(move |x| (x, y)));
    let grey: Vec<u8> = places
        .map(|(x, y)| if signature.dark(x, y) { 0 } else { u8::MAX })
        .collect();
    png::encoded((side(signature.width), side(signature.height)), &grey).map(Some)
}

struct Setter<'a> {
    slip: &'a SlipView,
    setting: &'a Setting<'a>,
}

impl Setter<'_> {
    fn say(&self, word: crate::portal::words::Word) -> &'static str {
        word.get(self.setting.lang)
    }

    /// Local date and time to the second.
    fn time(&self, at: i64) -> String {
        let exact = self.setting.zone.rfc3339(Time::from_millis(at));
        format!(
            "{} {}",
            exact.get(..10).unwrap_or_default(),
            exact.get(11..19).unwrap_or_default()
        )
    }

    fn head(&self, sheet: &mut Sheet<'_>) {
        sheet.middle(self.say(self.setting.institution.name), HEAD);
        sheet.middle(&format!("{} · {}", self.say(w::TITLE), self.say(w::COPY)), PLAIN);
        sheet.rule();
    }

    fn facts(&self, sheet: &mut Sheet<'_>) {
        let (slip, one) = (self.slip, &self.slip.transaction);
        let shop = Some(slip.shop_name.as_str()).filter(|shop| !slip.merchant_name.contains(shop));
        let original = slip
            .original
            .as_ref()
            .map(|(stan, reference)| format!("{stan:06} / {reference}"));
        let first = [
            (w::ACQUIRER, self.say(self.setting.institution.name).to_owned()),
            (w::MERCHANT, slip.merchant_name.clone()),
            (w::SHOP, shop.unwrap_or_default().to_owned()),
            (w::MERCHANT_NUMBER, slip.merchant_number.clone()),
            (w::TERMINAL_NUMBER, one.terminal_number.clone()),
        ];
        let second = [
            (w::KIND, one.kind_name.clone()),
            (w::CARD, one.masked_card.clone()),
            (w::ENTRY, self.entry()),
            (w::ISSUER, slip.issuer.clone()),
            (w::ORGANISATION, slip.organisation.clone()),
            (w::BATCH, format!("{:06}", one.batch)),
            (w::TRACE, format!("{:06}", one.stan)),
            (w::REFERENCE, one.rrn.clone()),
            (w::AUTHORISATION, slip.authorisation.clone()),
            (w::ORIGINAL, original.unwrap_or_default()),
            (w::TIME, self.time(one.at)),
        ];
        for (name, value) in first.iter().filter(|(_, value)| !value.is_empty()) {
            sheet.pair(self.say(*name), value, PLAIN);
        }
        sheet.rule();
        for (name, value) in second.iter().filter(|(_, value)| !value.is_empty()) {
            sheet.pair(self.say(*name), value, PLAIN);
        }
        sheet.space(6);
        sheet.pair(self.say(w::AMOUNT), &Fen(one.amount).yuan(), LARGE);
        sheet.rule();
    }

    fn entry(&self) -> String {
        let row = ENTRIES.iter().find(|row| row.0 == self.slip.entry);
        row.map(|row| if self.setting.lang == Lang::Zh { row.1 } else { row.2 })
            .unwrap_or_default()
            .to_owned()
    }

    /// How it ended; where a stop declined it, why, and where that is explained.
    fn outcome(&self, sheet: &mut Sheet<'_>) {
        let one = &self.slip.transaction;
        sheet.middle(&one.state_name, HEAD);
        if one.response_code == "00" {
            return;
        }
        sheet.middle(format!("{} {}", one.response_code, self.slip.response).trim(), PLAIN);
        if !self.slip.why.is_empty() {
            sheet.middle(&self.slip.why, PLAIN);
        }
        if !one.explanation_code.is_empty() {
            self.code(sheet, &one.explanation_code);
        }
    }

    fn code(&self, sheet: &mut Sheet<'_>, code: &str) {
        let link = format!("{}{}", self.setting.origin, paths::explanation(code));
        sheet.space(10);
        sheet.middle(&format!("{} {code}", self.say(w::CODE)), LARGE);
        if let Ok(qr) = QRBuilder::new(link.as_str()).ecl(ECL::M).build() {
            sheet.space(8);
            sheet.picture((qr.size, qr.size), QR_HIGH, |x, y| {
                x < qr.size && y < qr.size && qr[y][x].value()
            });
            sheet.space(8);
        }
        sheet.middle(self.say(w::CODE_HOW), SMALL);
        sheet.middle(&link, SMALL);
    }

    fn signing(&self, sheet: &mut Sheet<'_>) {
        let picture = match &self.slip.signing {
            Signing::Nothing => return,
            Signing::Signed(bytes) => Some(jbig::decode(bytes.expose())),
            _ => None,
        };
        sheet.rule();
        match (&self.slip.signing, picture) {
            (_, Some(Ok(signature))) => {
                sheet.left(self.say(w::SIGNATURE), PLAIN);
                let size = (signature.width, signature.height);
                sheet.picture(size, SIGNATURE_HIGH, |x, y| signature.dark(x, y));
                sheet.space(8);
                sheet.left(self.say(w::AGREED), SMALL);
            }
            (_, Some(Err(_))) => {
                sheet.left(self.say(w::SIGNATURE), PLAIN);
                sheet.left(self.say(w::SIGNATURE_UNREADABLE), SMALL);
            }
            (Signing::Line, _) => {
                sheet.left(self.say(w::SIGNATURE), PLAIN);
                sheet.line_to_sign();
                sheet.left(self.say(w::AGREED), SMALL);
            }
            (Signing::UpTo(limit), _) => {
                sheet.left(&w::up_to(self.setting.lang, Fen(*limit).yuan()), PLAIN);
            }
            (Signing::Code, _) => sheet.left(self.say(w::BY_CODE), PLAIN),
            (Signing::Nothing | Signing::Signed(_), _) => {}
        }
    }

    fn foot(&self, sheet: &mut Sheet<'_>) {
        sheet.rule();
        let lang = self.setting.lang;
        let made = w::printed(lang, self.time(self.setting.now.millis()));
        sheet.middle(&format!("{} · {made}", self.say(w::COPY)), SMALL);
        sheet.middle(&w::hotline(lang, self.setting.institution.hotline), SMALL);
        sheet.middle(self.say(w::KEEP), SMALL);
    }
}

#[cfg(test)]
mod tests;
