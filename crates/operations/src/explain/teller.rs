//! How an explanation is worded and cut for one audience. Sentences about causes come from the catalogue.

use domain::catalog::{Capability, CapabilitySet, Disclosure, Reason};
use domain::gate::headline;
use domain::stages::SubjectKind;
use domain::world::{Cause, World};
use serde_json::json;

use super::{Audience, standing_code};
use crate::chain::Chain;
use crate::ctx::Ctx;
use crate::requests;
use crate::views::{CapabilityView, CauseView, LinkView, PlanView, SubjectRef};

/// Words an explanation for one audience.
pub(super) struct Teller<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) chain: &'a Chain,
    pub(super) audience: Audience,
}

impl Teller<'_> {
    fn words(&self, zh: impl Into<String>, en: impl Into<String>) -> String {
        if self.ctx.lang == domain::names::Lang::Zh {
            zh.into()
        } else {
            en.into()
        }
    }

    pub(super) fn subject(&self, kind: SubjectKind) -> SubjectRef {
        let label = self.chain.label(kind, self.ctx.lang);
        match self.audience {
            Audience::Public => SubjectRef {
                kind: kind.code().to_owned(),
                id: String::new(),
                label: String::new(),
            },
            _ => SubjectRef {
                kind: kind.code().to_owned(),
                id: self.chain.link(kind).map(|l| l.id.clone()).unwrap_or_default(),
                label: if kind == SubjectKind::Merchant {
                    self.chain.merchant_name.clone()
                } else {
                    label
                },
            },
        }
    }

    /// The text of a reason for this audience.
    fn text(&self, reason: &Reason) -> String {
        let texts = reason.texts(self.ctx.lang);
        let text = match (self.audience, reason.disclosure) {
            (Audience::Desk, _) => &texts.desk,
            (_, Disclosure::Sealed) | (Audience::Public, _) => &texts.public,
            (Audience::Merchant, _) => &texts.merchant,
            (Audience::Agent, _) => &texts.agent,
        };
        text.clone()
    }

    pub(super) fn capabilities(&self, blocked: CapabilitySet) -> Vec<CapabilityView> {
        let mut rows: Vec<&Capability> = self.ctx.catalog().capabilities.values().collect();
        rows.sort_by_key(|c| c.bit);
        rows.into_iter()
            .map(|c| CapabilityView {
                code: c.code.clone(),
                name: c.name.get(self.ctx.lang).to_owned(),
                works: !blocked.has(c.bit),
            })
            .collect()
    }

    pub(super) fn cause(&self, world: &World<'_>, cause: &Cause<'_>, all: &[Cause<'_>], plan: &PlanView) -> CauseView {
        let catalog = self.ctx.catalog();
        let reason = cause.reason;
        let row = cause
            .stop
            .and_then(|i| world.stops.get(i))
            .and_then(|s| self.chain.stop(&s.id));
        let step = plan
            .steps
            .iter()
            .find(|s| !matches!(s.state.as_str(), "done" | "submitted") && s.serves.contains(&reason.code));
        let blocks = catalog.blocked_by(&reason.code);
        let rest = CapabilitySet(!blocks.0);
        let staff = self.audience == Audience::Desk;
        CauseView {
            reason: reason.code.clone(),
            stop: row.map(|r| r.id.clone()).filter(|_| self.audience != Audience::Public),
            subject: self.subject(cause.kind),
            title: reason.texts(self.ctx.lang).title.clone(),
            text: self.text(reason),
            standing: standing_code(Some(reason.standing)).to_owned(),
            since: row.map(|r| r.starts_at),
            ends_at: row.and_then(|r| r.ends_at),
            blocks: catalog.codes(blocks).into_iter().map(str::to_owned).collect(),
            still_works: catalog.codes(rest).into_iter().map(str::to_owned).collect(),
            waiting_on: step.map_or_else(|| self.first_actor(reason), |s| s.actor.clone()),
            promise_by: step.and_then(|s| s.promise_by),
            r#final: reason.r#final,
            appealable: reason.appealable,
            ground: reason.ground.source.get(self.ctx.lang).to_owned(),
            ways_out: reason
                .ways_out
                .iter()
                .map(|w| requests::step_refs(self.ctx, w))
                .collect(),
            symptoms: all
                .iter()
                .filter(|c| c.hidden_by == Some(reason.code.as_str()))
                .map(|c| c.reason.code.clone())
                .collect(),
            disclosure: match reason.disclosure {
                Disclosure::Full => "full",
                Disclosure::Category => "category",
                Disclosure::Sealed => "sealed",
            }
            .to_owned(),
            staff_note: row
                .filter(|_| staff)
                .map(|r| format!("{}: {}", r.placed_by, r.placed_why))
                .unwrap_or_default(),
        }
    }

    /// Who acts first when no plan step is open: the actor of the first step of the first way out, or nobody.
    fn first_actor(&self, reason: &Reason) -> String {
        let step = reason
            .ways_out
            .first()
            .and_then(|w| w.first())
            .and_then(|s| self.ctx.catalog().steps.get(s));
        step.map_or_else(String::new, |s| json!(s.actor).as_str().unwrap_or_default().to_owned())
    }

    pub(super) fn warnings(&self, all: &World<'_>, coming: &[domain::world::Stop], plan: &PlanView) -> Vec<CauseView> {
        let world = World {
            stops: coming.to_vec(),
            stages: std::collections::BTreeMap::new(),
            ..all.clone()
        };
        let causes = world.causes();
        causes.iter().map(|c| self.cause(&world, c, &causes, plan)).collect()
    }

    pub(super) fn headline(
        &self,
        causes: &[Cause<'_>],
        bit: u8,
        capability: &str,
        about: SubjectKind,
        coming: &[domain::world::Stop],
    ) -> String {
        let catalog = self.ctx.catalog();
        let can = catalog.capabilities.get(capability).map(|c| c.can.get(self.ctx.lang));
        let can = can.unwrap_or(capability);
        let (zh, en) = match about {
            SubjectKind::Merchant => ("本商户", "This merchant"),
            _ => ("这台 POS ", "This terminal"),
        };
        let Some(cause) = headline(catalog, causes, bit) else {
            return if coming.is_empty() {
                self.words(format!("{zh}现在可以{can}。"), format!("{en} can {can} now."))
            } else {
                self.words(
                    format!("{zh}现在可以{can}，但有即将生效的停用，请留意日期。"),
                    format!("{en} can {can} now, but a stop is coming; mind the date."),
                )
            };
        };
        let title = &cause.reason.texts(self.ctx.lang).title;
        let more = causes
            .iter()
            .filter(|c| c.hidden_by.is_none())
            .count()
            .saturating_sub(1);
        let others = match more {
            0 => String::new(),
            1 => self.words("另有 1 项原因，见下。", " One more cause below."),
            n => self.words(format!("另有 {n} 项原因，见下。"), format!(" {n} more causes below.")),
        };
        self.words(
            format!("{zh}现在不能{can}，因为{title}。{others}"),
            format!("{en} cannot {can} now: {title}.{others}"),
        )
    }

    pub(super) fn links(&self, causes: &[Cause<'_>]) -> Vec<LinkView> {
        if self.audience == Audience::Public {
            return Vec::new();
        }
        let catalog = self.ctx.catalog();
        self.chain
            .links
            .iter()
            .map(|link| {
                let gravest = causes
                    .iter()
                    .filter(|c| c.kind == link.kind)
                    .map(|c| c.reason.standing)
                    .max();
                let stage = link.stage.clone().unwrap_or_default();
                let row = catalog.stages.get(&(link.kind, stage.clone()));
                LinkView {
                    subject: self.subject(link.kind),
                    stage_name: row.map(|r| r.name.get(self.ctx.lang).to_owned()).unwrap_or_default(),
                    stage,
                    standing: standing_code(gravest).to_owned(),
                }
            })
            .collect()
    }
}
