//! Documents: taken in, recognised by their first bytes, sealed, and handed out to those who may read them.

use domain::ids::DocumentId;
use serde_json::json;
use store::Tx;
use store::documents::DocumentRow;

use crate::ctx::Ctx;
use crate::refused::{Done, Refused};
use crate::requests::access;
use crate::requests::evidence::Evidence;
use crate::requests::views::document_view;
use crate::requests::work::{Work, list_of, step_row};
use crate::sealing::sha256;
use crate::trace::{self, Change, Happened};
use crate::views::DocumentView;

/// The largest document taken, in bytes.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Longest file name kept; only ever shown, never used as a path.
const MOST_NAME: usize = 120;

/// A document to be added to a step.
#[derive(Clone)]
pub struct Attach {
    /// Merchant id.
    pub merchant: String,
    /// Request id.
    pub request: String,
    /// Step code.
    pub step: String,
    /// Document code the step asks for.
    pub kind: String,
    /// As the uploader's machine calls it.
    pub file_name: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Adds a document to a step that is open. The content decides what it is, not its name.
pub fn attach(tx: &mut Tx<'_>, ctx: &mut Ctx, command: Attach) -> Done<DocumentView> {
    let mut work = Work::load(tx, &command.merchant, &command.request)?;
    let catalog = ctx.platform.catalog.clone();
    let row = step_row(&catalog, &command.step)?;
    access::carry(ctx, &command.merchant, &work.chain.agent, row)?;
    work.need_open()?;
    let step = work
        .step(&command.step)
        .ok_or_else(|| Refused::not_found("step", &command.step))?;
    if !matches!(step.state.as_str(), "todo" | "returned") {
        return Err(Refused::conflict(
            "step",
            &command.step,
            format!("it is {}; nothing can be added to it now", step.state),
        ));
    }
    if !list_of(&step.documents).contains(&command.kind) {
        return Err(Refused::field(
            "kind",
            "not_asked",
            "这一步没有要求这种材料，请在列出的材料下上传",
            "this step does not ask for this document; upload it under one that is listed",
        ));
    }
    let media_type = checked(&command.bytes)?;
    let id: DocumentId = ctx.ids.id(ctx.now);
    let document = DocumentRow {
        merchant_id: command.merchant.clone(),
        id: id.to_string(),
        request_id: command.request.clone(),
        step: command.step.clone(),
        kind: command.kind.clone(),
        file_name: display_name(&command.file_name),
        media_type: media_type.to_owned(),
        size: i64::try_from(command.bytes.len()).unwrap_or(i64::MAX),
        sha256: sha256(&command.bytes),
        state: "supplied".into(),
        remark: String::new(),
        uploaded_by: ctx.actor.id.clone(),
        uploaded_at: ctx.now.millis(),
    };
    let sealed = ctx
        .platform
        .sealer
        .seal(&command.bytes, ctx.ids.bytes(), &place(&document));
    store::documents::insert(tx, &document, &sealed)?;
    let person = ctx.actor.person.clone();
    let step = work.step_mut(&command.step)?;
    let mut evidence = Evidence::of(step);
    evidence.people.insert(person);
    evidence.keep(step)?;
    work.save(tx)?;
    let audit = trace::audit(
        tx,
        ctx,
        Change {
            command: "requests.attach",
            merchant: &command.merchant,
            kind: "request",
            id: &command.request,
            before: String::new(),
            after: document.sha256.clone(),
            details: json!({ "document": document.kind, "id": document.id, "step": document.step, "size": document.size }),
        },
    )?;
    trace::event(
        tx,
        ctx,
        Happened {
            kind: "document.supplied",
            merchant: &command.merchant,
            subject_kind: "request",
            subject: &command.request,
            terminal: work.chain.terminal.as_deref().unwrap_or("-"),
            data: json!({ "document": document.kind, "step": document.step }),
            audit: &audit,
        },
    )?;
    Ok(document_view(&document))
}

/// A document with its content. The merchant's side reads its own; staff need a reviewing permission, and that they
/// read it is kept in the audit log, so this runs in a write.
pub fn document(tx: &mut Tx<'_>, ctx: &mut Ctx, merchant: &str, id: &str) -> Done<(DocumentView, Vec<u8>)> {
    let (row, sealed) =
        store::documents::content(tx, merchant, id)?.ok_or_else(|| Refused::not_found("document", id))?;
    let work = Work::load(tx, merchant, &row.request_id)?;
    access::see(ctx, merchant, &work.chain.agent).map_err(|_| Refused::not_found("document", id))?;
    if ctx.may("read_all") && ctx.actor.role != "system" {
        let judges = [
            "review",
            "review_risk",
            "review_finance",
            "manage_devices",
            "manage_merchants",
            "audit_read",
        ];
        if !judges.iter().any(|p| ctx.may(p)) {
            ctx.need("review")?;
        }
        trace::audit(
            tx,
            ctx,
            Change {
                command: "requests.read_document",
                merchant,
                kind: "request",
                id: &row.request_id,
                before: String::new(),
                after: String::new(),
                details: json!({ "document": row.kind, "id": row.id }),
            },
        )?;
    }
    let bytes = ctx.platform.sealer.open(&sealed, &place(&row))?.into_exposed();
    if sha256(&bytes) != row.sha256 {
        return Err(Refused::Inconsistent(format!(
            "the content of document {id} is not what was uploaded"
        )));
    }
    Ok((document_view(&row), bytes))
}

fn place(document: &DocumentRow) -> String {
    format!("documents/{}/{}", document.merchant_id, document.id)
}

/// Size and kind of a content; the media type.
fn checked(bytes: &[u8]) -> Done<&'static str> {
    let refused = |code: &str, zh: &str, en: &str| Err(Refused::field("file", code, zh, en));
    if bytes.is_empty() {
        return refused("empty", "文件是空的，请重新选择", "the file is empty; choose it again");
    }
    if bytes.len() > MOST_BYTES {
        return refused(
            "size",
            "文件超过 8 MB，请压缩或分页后上传",
            "the file is larger than 8 MB; compress or split it",
        );
    }
    media_type(bytes).map_or_else(
        || {
            refused(
                "type",
                "只接受 PDF、PNG、JPEG 和 WebP；其他格式请先另存为其中一种，或拍照上传",
                "only PDF, PNG, JPEG and WebP are taken; save it as one of these, or photograph it",
            )
        },
        Ok,
    )
}

/// What a content is, by its first bytes. Nothing that a browser would run (SVG, HTML) is among them.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    const MARKS: [(&[u8], &str); 3] = [
        (b"%PDF-", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
    ];
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    MARKS
        .iter()
        .find(|(mark, _)| bytes.starts_with(mark))
        .map(|(_, name)| *name)
}

/// A file name fit to be shown: its last part, without control characters or marks that turn the reading direction.
fn display_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let hidden = |c: &char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let clean: String = last.chars().filter(|c| !hidden(c)).take(MOST_NAME).collect();
    let clean = clean.trim().trim_start_matches('.').to_owned();
    if clean.is_empty() { "document".into() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides_what_a_file_is() {
        assert_eq!(media_type(b"%PDF-1.7 ..."), Some("application/pdf"));
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(media_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(media_type(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        for wrong in [
            &b"<svg onload=alert(1)>"[..],
            b"GIF89a",
            b"RIFF\0\0\0\0WAVE",
            b"PNG",
            b"",
        ] {
            assert_eq!(media_type(wrong), None);
        }
    }

    #[test]
    fn a_file_name_is_only_ever_shown() {
        assert_eq!(display_name("../../etc/passwd"), "passwd");
        assert_eq!(display_name("C:\\scans\\licence.pdf"), "licence.pdf");
        assert_eq!(display_name("a\u{202e}gpj.exe\n"), "agpj.exe");
        assert_eq!(display_name("/.."), "document");
    }
}
