//! What terminals download, which version each has, and what a terminal is asked to do next.
//!
//! The content comes from the catalogue (`terminal_parameters.toml`); its version is a digest of the bytes that go out, so
//! nobody has to count versions.

use domain::catalog::{CaKey, ChipApplication, from_hex};
use domain::time::{Duration, Time};
use iso8583::tlv::{self, Tag, TlvError};
use iso8583::values::downloads::{Answered, write_parameters};
use iso8583::{Kind, ProcessingRequest};
use serde_json::json;
use store::Tx;
use store::downloads::DownloadRow;

use crate::ctx::Ctx;
use crate::payments::{Decline, Ruling, unfit};
use crate::refused::{Done, Refused};
use crate::sealing::sha256;
use crate::session::{self, Line, tell};

/// One kind of download.
pub struct Download {
    /// How rows name it.
    pub code: &'static str,
    /// Name for people, Chinese then English.
    pub names: (&'static str, &'static str),
    /// The message that asks what there is; none where the body comes at once.
    pub query: Option<Kind>,
    /// The message that asks for the body.
    pub body: Kind,
    /// The message that says that it has been taken over.
    pub end: Kind,
    /// How the header asks for it.
    pub asked_by: ProcessingRequest,
    items: fn(&Ctx, &str) -> Done<Vec<Item>>,
}

/// One thing to be downloaded.
struct Item {
    /// The data objects that name it in queries and requests; empty where it has no name.
    name: Vec<u8>,
    /// What a query tells beside the name.
    about: Vec<u8>,
    body: Vec<u8>,
}

/// Every kind of download.
#[rustfmt::skip]
pub const DOWNLOADS: [Download; 6] = [
    Download { code: "parameters",  names: ("终端参数", "Parameters"),           query: None, body: Kind::ParameterDownload, end: Kind::ParameterEnd,
               asked_by: ProcessingRequest::DownloadParameters, items: parameters },
    Download { code: "ca_keys",     names: ("CA 公钥", "CA public keys"),        query: Some(Kind::PublicKeyQuery), body: Kind::PublicKeyDownload, end: Kind::PublicKeyEnd,
               asked_by: ProcessingRequest::DownloadPublicKeys, items: ca_keys },
    Download { code: "chip",        names: ("IC 卡参数", "Chip parameters"),     query: Some(Kind::ChipParameterQuery), body: Kind::ChipParameterDownload, end: Kind::ChipParameterEnd,
               asked_by: ProcessingRequest::DownloadChipParameters, items: chip },
    Download { code: "tms",         names: ("TMS 参数", "TMS parameters"),       query: None, body: Kind::TmsDownload, end: Kind::TmsEnd,
               asked_by: ProcessingRequest::DownloadTmsParameters, items: tms },
    Download { code: "blacklist",   names: ("卡 BIN 黑名单", "Card prefixes not taken"), query: None, body: Kind::BlacklistDownload, end: Kind::BlacklistEnd,
               asked_by: ProcessingRequest::DownloadBlacklist, items: blacklist },
    Download { code: "contactless", names: ("非接参数", "Contactless settings"), query: None, body: Kind::ContactlessDownload, end: Kind::ContactlessEnd,
               asked_by: ProcessingRequest::DownloadContactless, items: contactless },
];

/// What a message of a download dialogue wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// What is there?
    Query,
    /// The body.
    Body,
    /// It has been taken over.
    End,
}

/// The download and step that a message belongs to.
pub fn step_of(kind: Kind) -> Option<(&'static Download, Step)> {
    DOWNLOADS.iter().find_map(|download| {
        let step = if download.query == Some(kind) {
            Step::Query
        } else if download.body == kind {
            Step::Body
        } else if download.end == kind {
            Step::End
        } else {
            return None;
        };
        Some((download, step))
    })
}

// Content --------------------------------------------------------------------------------------------------------------

fn tag(number: u32) -> Result<Tag, TlvError> {
    Tag::new(number).ok_or(TlvError::Tag(0))
}

fn objects(list: &[(u32, Vec<u8>)]) -> Done<Vec<u8>> {
    let mut out = Vec::new();
    for (number, value) in list {
        tag(*number)
            .and_then(|tag| tlv::push(&mut out, tag, value))
            .map_err(|e| Refused::Inconsistent(format!("a download cannot be written: {e}")))?;
    }
    Ok(out)
}

fn hex(text: &str) -> Done<Vec<u8>> {
    from_hex(text).ok_or_else(|| Refused::Inconsistent(format!("«{text}» of the catalogue is not hex")))
}

fn plain(body: Vec<u8>) -> Item {
    Item {
        name: Vec::new(),
        about: Vec::new(),
        body,
    }
}

fn parameters(ctx: &Ctx, merchant: &str) -> Done<Vec<Item>> {
    tagged(ctx.catalog().downloads.parameters.values(), merchant)
}

fn tms(ctx: &Ctx, merchant: &str) -> Done<Vec<Item>> {
    tagged(ctx.catalog().downloads.tms.values(), merchant)
}

fn tagged<'a>(rows: impl Iterator<Item = &'a domain::catalog::TerminalParameter>, merchant: &str) -> Done<Vec<Item>> {
    let values: Vec<_> = rows
        .map(|row| (row.tag.as_str(), row.value.replace("{merchant}", merchant)))
        .collect();
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<_> = values.iter().map(|(tag, value)| (*tag, value.as_str())).collect();
    Ok(vec![plain(write_parameters(&values).map_err(unfit)?)])
}

fn ca_keys(ctx: &Ctx, _: &str) -> Done<Vec<Item>> {
    ctx.catalog().downloads.ca_keys.values().map(ca_key).collect()
}

fn ca_key(key: &CaKey) -> Done<Item> {
    let (rid, index) = key
        .name_bytes()
        .ok_or_else(|| Refused::Inconsistent(format!("«{}» names no public key", key.code)))?;
    let name = objects(&[(0x9F06, rid.to_vec()), (0x9F22, vec![index])])?;
    let about = objects(&[(0xDF05, key.expires.as_bytes().to_vec())])?;
    let rest = objects(&[
        (0xDF06, vec![key.hash_algorithm]),
        (0xDF07, vec![key.signature_algorithm]),
        (0xDF02, hex(&key.modulus)?),
        (0xDF04, hex(&key.exponent)?),
        (0xDF03, hex(&key.check)?),
    ])?;
    Ok(Item {
        body: [&name[..], &about, &rest].concat(),
        name,
        about,
    })
}

fn chip(ctx: &Ctx, _: &str) -> Done<Vec<Item>> {
    ctx.catalog().downloads.chip.values().map(chip_application).collect()
}

fn chip_application(row: &ChipApplication) -> Done<Item> {
    let name = objects(&[(0x9F06, hex(&row.aid)?)])?;
    let fen = |amount: u64| hex(&format!("{amount:012}"));
    let rest = objects(&[
        (0xDF01, vec![row.whole]),
        (0x9F08, hex(&row.version)?),
        (0xDF11, hex(&row.tac_default)?),
        (0xDF12, hex(&row.tac_online)?),
        (0xDF13, hex(&row.tac_denial)?),
        (0x9F1B, row.floor_limit.to_be_bytes().to_vec()),
        (0xDF15, row.threshold.to_be_bytes().to_vec()),
        (0xDF16, hex(&format!("{:02}", row.max_target))?),
        (0xDF17, hex(&format!("{:02}", row.target))?),
        (0xDF14, hex(&row.default_ddol)?),
        (0xDF18, vec![u8::from(row.online_pin)]),
        (0x9F7B, fen(row.e_cash_limit)?),
        (0xDF19, fen(row.contactless_floor)?),
        (0xDF20, fen(row.contactless_limit)?),
        (0xDF21, fen(row.cvm_limit)?),
    ])?;
    Ok(Item {
        body: [&name[..], &rest].concat(),
        about: Vec::new(),
        name,
    })
}

/// Two digits of length and the prefix. How centres write this list is not settled; this form can be read without a table.
#[expect(clippy::unnecessary_wraps, reason = "one of the table's functions")]
fn blacklist(ctx: &Ctx, _: &str) -> Done<Vec<Item>> {
    let rows = ctx.catalog().downloads.blocked.values();
    Ok(rows
        .map(|row| plain(format!("{:02}{}", row.prefix.len(), row.prefix).into_bytes()))
        .collect())
}

fn contactless(ctx: &Ctx, _: &str) -> Done<Vec<Item>> {
    let rows = ctx.catalog().downloads.contactless.values();
    rows.map(|row| {
        let number = u32::from_str_radix(&row.tag, 16)
            .map_err(|e| Refused::Inconsistent(format!("contactless tag {}: {e}", row.tag)))?;
        Ok(plain(objects(&[(number, row.value.as_bytes().to_vec())])?))
    })
    .collect()
}

/// The version of a content: eight hex characters, empty where there is nothing.
fn version(items: &[Item]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let all: Vec<u8> = items
        .iter()
        .flat_map(|item| [&item.about[..], &item.body])
        .flatten()
        .copied()
        .collect();
    sha256(&all).chars().take(8).collect()
}

// The dialogue ---------------------------------------------------------------------------------------------------------

/// Bytes of field 62 that a list may fill.
const ROOM: usize = 900;

/// As many parts as fit, behind the character that says whether there are more.
fn listed(parts: &[Vec<u8>], received: usize) -> Vec<u8> {
    let rest = parts.get(received..).unwrap_or_default();
    let mut out = vec![Answered::Nothing.character()];
    let mut taken = 0;
    for part in rest {
        if out.len() + part.len() > ROOM {
            break;
        }
        out.extend(part);
        taken += 1;
    }
    let answered = match rest.len() - taken {
        _ if taken == 0 => Answered::Nothing,
        0 => Answered::All,
        _ => Answered::More,
    };
    if let Some(first) = out.first_mut() {
        *first = answered.character();
    }
    out
}

fn named(items: &[Item], asked: &[u8]) -> Vec<u8> {
    let wanted = |item: &&Item| {
        tlv::parse(&item.name).is_ok_and(|name| name.iter().all(|o| tlv::find(asked, o.tag.number()) == Some(o.value)))
    };
    let mut out = vec![Answered::Nothing.character()];
    if let Some(item) = items.iter().find(wanted) {
        out = vec![Answered::All.character()];
        out.extend(&item.body);
    }
    out
}

/// Field 62 of the answer to a query or a request for a body, or the code that refuses. `None` in field 62 is a message
/// without it.
fn content(download: &Download, step: Step, items: &[Item], asked: Option<&[u8]>) -> Result<Vec<u8>, &'static str> {
    let received = || iso8583::values::downloads::received(asked).map_err(|_| "30");
    match (step, download.query, download.asked_by) {
        (Step::Query, ..) => {
            let parts: Vec<_> = items
                .iter()
                .map(|item| [&item.name[..], &item.about].concat())
                .collect();
            Ok(listed(&parts, received()?))
        }
        (_, Some(_), _) => match asked {
            Some(asked) if tlv::find(asked, 0x9F06).is_some() => Ok(named(items, asked)),
            _ => Err("30"),
        },
        (_, None, ProcessingRequest::DownloadParameters | ProcessingRequest::DownloadTmsParameters) => {
            Ok(items.iter().flat_map(|item| item.body.clone()).collect())
        }
        _ => {
            let parts: Vec<_> = items.iter().map(|item| item.body.clone()).collect();
            Ok(listed(&parts, received()?))
        }
    }
}

fn merchant_name(tx: &mut Tx<'_>, merchant: &str) -> Done<String> {
    let row = store::parties::merchant(tx, merchant)?.ok_or_else(|| Refused::not_found("merchant", merchant))?;
    Ok(if row.short_name.is_empty() {
        row.name
    } else {
        row.short_name
    })
}

/// Answers a query or a request for a body: field 62. What was sent is remembered, so that the end message says which
/// version the terminal has.
pub fn give(
    tx: &mut Tx<'_>,
    ctx: &mut Ctx,
    line: &Line,
    (download, step): (&Download, Step),
    asked: Option<&[u8]>,
) -> Done<Ruling<Vec<u8>>> {
    if let Err(decline) = session::may(tx, ctx, line, "download")? {
        return Ok(Err(decline));
    }
    let name = merchant_name(tx, &line.merchant)?;
    let items = (download.items)(ctx, &name)?;
    let content = match content(download, step, &items, asked) {
        Ok(content) => content,
        Err(code) => return Ok(Err(Decline::code(ctx, code))),
    };
    // Where there is a query, it is what counts: keys and applications follow one by one.
    if step == Step::Query || download.query.is_none() {
        let key = (line.merchant.as_str(), line.terminal.as_str());
        store::downloads::offer(tx, key, download.code, &version(&items), ctx.now.millis())?;
    }
    Ok(Ok(content))
}

/// Takes the end of a download: the terminal has what was sent last.
pub fn taken_over(tx: &mut Tx<'_>, ctx: &mut Ctx, line: &Line, download: &Download) -> Done<Ruling<()>> {
    if let Err(decline) = session::may(tx, ctx, line, "download")? {
        return Ok(Err(decline));
    }
    let key = (line.merchant.as_str(), line.terminal.as_str());
    let noted = store::downloads::finish(tx, key, download.code, ctx.now.millis())?;
    if download.end == Kind::ParameterEnd {
        session::parameters_downloaded(tx, ctx, line)?;
    } else if noted {
        tell(
            tx,
            ctx,
            line,
            "terminal.downloaded",
            json!({ "download": download.code }),
            "-",
        )?;
    }
    Ok(Ok(()))
}

// What next ------------------------------------------------------------------------------------------------------------

/// What a terminal lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Keys that are good for another while.
    Session,
    /// The current content of a download.
    Content(ProcessingRequest),
    /// A recent report of its state.
    Report,
}

/// In which order things are asked for: one answer asks for one thing. A session comes before anything, a report last.
const ORDER: [Lack; 8] = [
    Lack::Session,
    Lack::Content(ProcessingRequest::DownloadParameters),
    Lack::Content(ProcessingRequest::DownloadPublicKeys),
    Lack::Content(ProcessingRequest::DownloadChipParameters),
    Lack::Content(ProcessingRequest::DownloadTmsParameters),
    Lack::Content(ProcessingRequest::DownloadBlacklist),
    Lack::Content(ProcessingRequest::DownloadContactless),
    Lack::Report,
];

/// What a terminal that lacks these is asked to do next.
pub fn next_request(lacks: &[Lack]) -> ProcessingRequest {
    match ORDER.into_iter().find(|lack| lacks.contains(lack)) {
        None => ProcessingRequest::Nothing,
        Some(Lack::Session) => ProcessingRequest::SignIn,
        Some(Lack::Content(request)) => request,
        Some(Lack::Report) => ProcessingRequest::UploadStatus,
    }
}

/// After this long a report of state is asked for again.
const REPORT_EVERY: Duration = Duration::days(7);
/// After this long new working keys are asked for.
const KEYS_FOR: Duration = Duration::days(7);

/// What a terminal lacks now.
pub fn lacks(tx: &mut Tx<'_>, ctx: &Ctx, line: &Line) -> Done<Vec<Lack>> {
    let (merchant, terminal) = (line.merchant.as_str(), line.terminal.as_str());
    let mut lacks = Vec::new();
    let row = store::terminals::get(tx, merchant, terminal)?.ok_or_else(|| Refused::not_found("terminal", terminal))?;
    let older = |at: Option<i64>, than: Duration| at.is_none_or(|at| Time::from_millis(at) + than < ctx.now);
    if !row.signed_in || older(row.signed_in_at, KEYS_FOR) {
        lacks.push(Lack::Session);
    }
    let name = merchant_name(tx, merchant)?;
    let has = store::downloads::of(tx, merchant, terminal)?;
    let held = |code: &str| {
        has.iter()
            .find(|row: &&DownloadRow| row.kind == code)
            .map_or("", |row| &row.version)
    };
    for download in &DOWNLOADS {
        let current = version(&(download.items)(ctx, &name)?);
        if !current.is_empty() && held(download.code) != current {
            lacks.push(Lack::Content(download.asked_by));
        }
    }
    let latest = store::health::of_terminal(tx, merchant, terminal, 1)?;
    if older(latest.first().map(|report| report.last_at), REPORT_EVERY) {
        lacks.push(Lack::Report);
    }
    Ok(lacks)
}

/// What a terminal has of each download: the row of the table, the version it should have, and what it took over.
pub fn standing(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    merchant: &str,
    terminal: &str,
) -> Done<Vec<(&'static Download, String, Option<DownloadRow>)>> {
    let name = merchant_name(tx, merchant)?;
    let has = store::downloads::of(tx, merchant, terminal)?;
    DOWNLOADS
        .iter()
        .map(|download| {
            let current = version(&(download.items)(ctx, &name)?);
            let row = has.iter().find(|row| row.kind == download.code).cloned();
            Ok((download, current, row))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_asked_for_at_a_time_and_signing_in_comes_first() {
        let keys = Lack::Content(ProcessingRequest::DownloadPublicKeys);
        let parameters = Lack::Content(ProcessingRequest::DownloadParameters);
        assert_eq!(next_request(&[]), ProcessingRequest::Nothing);
        assert_eq!(next_request(&[Lack::Report]), ProcessingRequest::UploadStatus);
        assert_eq!(
            next_request(&[Lack::Report, keys]),
            ProcessingRequest::DownloadPublicKeys
        );
        assert_eq!(next_request(&[keys, parameters]), ProcessingRequest::DownloadParameters);
        assert_eq!(
            next_request(&[keys, parameters, Lack::Session]),
            ProcessingRequest::SignIn
        );
    }

    #[test]
    fn every_download_can_be_asked_for() {
        for download in &DOWNLOADS {
            assert!(ORDER.contains(&Lack::Content(download.asked_by)), "{}", download.code);
        }
    }

    #[test]
    fn both_floors_know_the_same_parameters() {
        assert_eq!(
            domain::catalog::PARAMETER_WIDTHS,
            iso8583::values::downloads::PARAMETERS
        );
    }

    #[test]
    fn a_long_list_comes_in_parts_and_ends() {
        let parts: Vec<Vec<u8>> = (0..90).map(|n| vec![n; 23]).collect();
        let mut received = 0;
        let mut asked = 0;
        loop {
            let answer = listed(&parts, received);
            asked += 1;
            received += (answer.len() - 1) / 23;
            if answer.first() != Some(&b'2') {
                assert_eq!(answer.first(), Some(&b'1'));
                break;
            }
        }
        assert_eq!((received, asked), (90, 3));
        assert_eq!(listed(&parts, 90), b"0");
        assert_eq!(listed(&[], 0), b"0");
    }
}
