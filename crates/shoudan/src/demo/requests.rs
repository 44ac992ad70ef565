//! Requests on their way, so that the queues are not empty on the first day: two wait for a reviewer, one for the
//! merchant.

use domain::time::Duration;
use operations::refused::Done;
use operations::requests::{self, Attach, Open, Submit};
use operations::views::{RequestView, StepView};
use store::Tx;

use super::Seeder;

/// The reason whose merchant asked for restoration, hours ago, and whether everything asked of it was supplied.
const ON_THE_WAY: [(&str, i64, bool); 3] = [
    ("merchant.recheck_due", 27, true),
    ("merchant.transaction_evidence_due", 19, true),
    ("merchant.dispute_open", 5, false),
];

/// What the owners wrote.
const WORDS: &str = "材料已按要求整理，交易均为本店实际经营所得，如需补充请联系我。";

/// Opens them and supplies what is to be supplied.
pub fn all(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    for (reason, hours, supplied) in ON_THE_WAY {
        let Some(merchant) = s.merchants.iter().find(|m| m.trade.reason == reason).cloned() else {
            continue;
        };
        s.act(&merchant.owner, s.now - Duration::hours(hours), "restoration");
        let open = Open {
            kind: "restoration".into(),
            merchant: merchant.id.clone(),
            subject_kind: "merchant".into(),
            subject_id: merchant.id.clone(),
            ..Open::default()
        };
        let mut view = requests::open(tx, &mut s.ctx, open)?;
        while let Some(step) = mine(&view).filter(|_| supplied) {
            s.ctx.now = s.ctx.now + Duration::minutes(12);
            view = supply(tx, s, &view, step)?;
        }
    }
    Ok(())
}

/// The step whose turn it is, if the owner may carry it out.
fn mine(view: &RequestView) -> Option<StepView> {
    view.steps
        .iter()
        .find(|step| step.mine && matches!(step.state.as_str(), "now" | "returned"))
        .cloned()
}

fn supply(tx: &mut Tx<'_>, s: &mut Seeder, view: &RequestView, step: StepView) -> Done<RequestView> {
    for document in &step.documents {
        let attach = Attach {
            merchant: view.merchant_id.clone(),
            request: view.id.clone(),
            step: step.step.clone(),
            kind: document.code.clone(),
            file_name: format!("{}.pdf", document.name),
            bytes: page(&document.code),
        };
        requests::attach(tx, &mut s.ctx, attach)?;
    }
    let submit = Submit {
        merchant: view.merchant_id.clone(),
        request: view.id.clone(),
        fields: step
            .fields
            .iter()
            .map(|field| (field.code.clone(), WORDS.to_owned()))
            .collect(),
        step: step.step,
        confirm: true,
        signature: String::new(),
    };
    requests::submit(tx, &mut s.ctx, submit)
}

/// A one-page PDF that says what it stands for, in Latin letters.
fn page(code: &str) -> Vec<u8> {
    let words = format!("BT /F1 28 Tf 60 420 Td (Sample: {}) Tj ET", code.replace('_', " "));
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{words}\nendstream", words.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = vec!["%PDF-1.4\n".to_owned()];
    let length = |parts: &[String]| parts.iter().map(String::len).sum::<usize>();
    let mut offsets = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        offsets.push(format!("{:010} 00000 n \n", length(&pdf)));
        pdf.push(format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let (table, size) = (length(&pdf), objects.len() + 1);
    pdf.push(format!("xref\n0 {size}\n0000000000 65535 f \n{}", offsets.concat()));
    pdf.push(format!(
        "trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    ));
    pdf.concat().into_bytes()
}
