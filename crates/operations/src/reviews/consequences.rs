//! What approving a review would change, in words: what works again, what stops, whose stage moves, where money goes,
//! which data are written, and what is still to be done afterwards.

use std::collections::BTreeMap;

use domain::catalog::{Step, StepKind};
use domain::names::Lang;
use store::reviews::ReviewRow;

use super::judged;
use crate::ctx::Ctx;
use crate::requests::{self, Evidence, Work};

/// What changes when the review is approved, in words. `known`: what stands on record now, by field.
pub(super) fn consequences(
    ctx: &Ctx,
    work: &Work,
    review: &ReviewRow,
    known: &BTreeMap<String, String>,
) -> Vec<String> {
    let catalog = ctx.platform.catalog.clone();
    let zh = ctx.lang == Lang::Zh;
    let mut steps = judged(work, &catalog, &review.step);
    let corrected = corrections(ctx, work, &steps, known);
    let money = steps
        .iter()
        .any(|s| s == "change_settlement_account" || s == "prove_account_ownership");
    if !steps.contains(&review.step) {
        steps.push(review.step.clone());
    }
    let (before, after, follows) = requests::simulate(work, ctx, &steps);
    let names = |bits: u64| -> String {
        let mut rows: Vec<_> = catalog
            .capabilities
            .values()
            .filter(|c| bits >> (c.bit & 63) & 1 == 1)
            .collect();
        rows.sort_by_key(|c| c.bit);
        rows.iter()
            .map(|c| c.name.get(ctx.lang))
            .collect::<Vec<_>>()
            .join(if zh { "、" } else { ", " })
    };
    let mut words = Vec::new();
    let back = before.0 & !after.0;
    if back != 0 {
        words.push(if zh {
            format!("恢复：{}", names(back))
        } else {
            format!("Works again: {}", names(back))
        });
    }
    let lost = after.0 & !before.0;
    if lost != 0 {
        words.push(if zh {
            format!("停止：{}", names(lost))
        } else {
            format!("Stops: {}", names(lost))
        });
    }
    for (kind, _, to) in &follows.moves {
        let name = catalog
            .stages
            .get(&(*kind, to.clone()))
            .map_or(to.as_str(), |s| s.name.get(ctx.lang));
        let whose = work.chain.label(*kind, ctx.lang);
        words.push(if zh {
            format!("{whose} 的阶段变为「{name}」")
        } else {
            format!("Stage of {whose}: {name}")
        });
    }
    for (reason, _) in &follows.placed {
        if let Some(row) = catalog.reasons.get(reason) {
            let title = &row.texts(ctx.lang).title;
            words.push(if zh {
                format!("随后：{title}")
            } else {
                format!("Then: {title}")
            });
        }
    }
    if money {
        words.extend(requests::money_words(ctx, work));
    }
    words.extend(corrected);
    let rest: Vec<String> = work
        .steps
        .iter()
        .filter(|s| s.state != "done" && !steps.contains(&s.step))
        .filter_map(|s| catalog.steps.get(&s.step).map(|row| row.texts(ctx.lang).title.clone()))
        .collect();
    if !rest.is_empty() {
        words.push(if zh {
            format!("之后还要：{}", rest.join("、"))
        } else {
            format!("Still to be done afterwards: {}", rest.join(", "))
        });
    }
    words
}

/// The data that an approval writes, field by field with what stands on record now, masked where sensitive.
fn corrections(ctx: &Ctx, work: &Work, steps: &[String], known: &BTreeMap<String, String>) -> Vec<String> {
    let forms = |row: &Step| matches!(row.kind, StepKind::Form | StepKind::Documents | StepKind::Confirm);
    let mut words = Vec::new();
    for step in work.steps.iter().filter(|s| steps.contains(&s.step)) {
        if !ctx.catalog().steps.get(&step.step).is_some_and(forms) {
            continue;
        }
        for (code, given) in Evidence::of(step).fields {
            if let Some(field) = ctx.catalog().fields.get(&code).filter(|_| requests::is_data(&code)) {
                let name = field.name.get(ctx.lang);
                let zh = ctx.lang == Lang::Zh;
                words.push(match known.get(&code) {
                    Some(old) if zh => format!("{name}：{old} → {}", given.shown),
                    Some(old) => format!("{name}: {old} → {}", given.shown),
                    None if zh => format!("{name}登记为「{}」", given.shown),
                    None => format!("{name} is put on record: {}", given.shown),
                });
            }
        }
    }
    words
}
