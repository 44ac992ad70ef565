//! Documents: taken in, recognised by their content, sealed, and handed out to those who may read them.

use domain::ids::DocumentId;
use serde_json::json;
use store::Tx;
use store::documents::DocumentRow;

use super::looked_at::{self, Fault};
use crate::ctx::Ctx;
use crate::refused::{self, Done, Refused};
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
        let state = refused::state_words(&step.state);
        return Err(Refused::conflict(
            "step",
            &command.step,
            domain::text!(
                format!("该步骤{}，现在不能再添加材料", state.zh),
                format!("it is {}; nothing can be added to it now", state.en),
            ),
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
    let mut view = document_view(&row);
    looked_at::handed_out_as(&row.media_type).clone_into(&mut view.media_type);
    Ok((view, bytes))
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
    looked_at::media_type(bytes).or_else(|fault| match fault {
        Fault::Kind => refused(
            "type",
            "只接受 PDF、PNG、JPEG 和 WebP；其他格式请先另存为其中一种，或拍照上传",
            "only PDF, PNG, JPEG and WebP are taken; save it as one of these, or photograph it",
        ),
        Fault::Broken => refused(
            "broken",
            "文件不完整或内容与格式不符，请重新导出、拍照或上传",
            "the file is cut off or not what it begins like; save, photograph or upload it again",
        ),
        Fault::Small => refused(
            "pixels",
            "图片太小，看不清内容，请上传原图",
            "the picture is too small to show anything; upload the original",
        ),
        Fault::Large => refused(
            "pixels",
            "图片尺寸过大，请缩小到每边不超过 20000 像素后上传",
            "the picture has too many pixels; make it smaller, at most 20000 on a side",
        ),
    })
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
    fn a_file_name_is_only_ever_shown() {
        assert_eq!(display_name("../../etc/passwd"), "passwd");
        assert_eq!(display_name("C:\\scans\\licence.pdf"), "licence.pdf");
        assert_eq!(display_name("a\u{202e}gpj.exe\n"), "agpj.exe");
        assert_eq!(display_name("/.."), "document");
    }
}
