//! Documents supplied in steps: their data, and their sealed content, which only [`content`] reads.

use crate::{Error, Row, Tx, args};

/// A row of `documents` without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DocumentRow {
    pub merchant_id: String,
    pub id: String,
    pub request_id: String,
    pub step: String,
    pub kind: String,
    pub file_name: String,
    pub media_type: String,
    pub size: i64,
    pub sha256: String,
    pub state: String,
    pub remark: String,
    pub uploaded_by: String,
    pub uploaded_at: i64,
}

const COLUMNS: &str = "merchant_id, id, request_id, step, kind, file_name, media_type, size, sha256, state, remark, \
                       uploaded_by, uploaded_at";

fn read(row: &Row) -> Result<DocumentRow, Error> {
    Ok(DocumentRow {
        merchant_id: row.take(0)?,
        id: row.take(1)?,
        request_id: row.take(2)?,
        step: row.take(3)?,
        kind: row.take(4)?,
        file_name: row.take(5)?,
        media_type: row.take(6)?,
        size: row.take(7)?,
        sha256: row.take(8)?,
        state: row.take(9)?,
        remark: row.take(10)?,
        uploaded_by: row.take(11)?,
        uploaded_at: row.take(12)?,
    })
}

/// Writes a new document with its sealed content.
pub fn insert(tx: &mut Tx<'_>, document: &DocumentRow, sealed: &[u8]) -> Result<(), Error> {
    let sql =
        format!("insert into documents ({COLUMNS}, sealed) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)");
    let args = args![
        &document.merchant_id,
        &document.id,
        &document.request_id,
        &document.step,
        &document.kind,
        &document.file_name,
        &document.media_type,
        document.size,
        &document.sha256,
        &document.state,
        &document.remark,
        &document.uploaded_by,
        document.uploaded_at,
        sealed
    ];
    tx.exactly_one(&sql, args)
}

/// The documents of a request, newest first.
pub fn of_request(tx: &mut Tx<'_>, merchant_id: &str, request_id: &str) -> Result<Vec<DocumentRow>, Error> {
    let sql = format!("select {COLUMNS} from documents where merchant_id = $1 and request_id = $2 order by id desc");
    tx.all(&sql, args![merchant_id, request_id])?.iter().map(read).collect()
}

/// One document with its sealed content.
pub fn content(tx: &mut Tx<'_>, merchant_id: &str, id: &str) -> Result<Option<(DocumentRow, Vec<u8>)>, Error> {
    let sql = format!("select {COLUMNS}, sealed from documents where merchant_id = $1 and id = $2");
    tx.maybe(&sql, args![merchant_id, id])?
        .map(|row| Ok((read(&row)?, row.take(13)?)))
        .transpose()
}

/// Writes what was decided about a document.
pub fn judge(tx: &mut Tx<'_>, document: &DocumentRow, state: &str, remark: &str) -> Result<(), Error> {
    tx.exactly_one(
        "update documents set state = $3, remark = $4 where merchant_id = $1 and id = $2",
        args![&document.merchant_id, &document.id, state, remark],
    )
}
