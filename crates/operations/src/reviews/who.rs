//! Who may decide on a review: whoever has the role, and neither asked, nor supplied, nor placed what it is about.

use domain::names::Lang;
use store::Tx;
use store::reviews::ReviewRow;

use crate::ctx::Ctx;
use crate::people;
use crate::refused::{self, Done, Refused};
use crate::requests::{Evidence, Work};

/// Which permission decides the reviews of a role.
pub(super) const PERMISSIONS: [(&str, &str); 5] = [
    ("reviewer", "review"),
    ("risk", "review_risk"),
    ("finance", "review_finance"),
    ("devices", "manage_devices"),
    ("desk", "manage_merchants"),
];

/// The permission that decides the reviews of a role.
pub(super) fn permission_for(role: &str) -> &'static str {
    PERMISSIONS
        .iter()
        .find(|row| row.0 == role)
        .map_or("review", |row| row.1)
}

/// Why an actor may not decide on a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhyNot {
    /// It has been decided.
    Decided,
    /// It is another role's; the permission it takes.
    OtherRole(&'static str),
    /// They asked for it.
    Asked,
    /// They supplied part of it.
    Supplied,
    /// They have decided on it before.
    DecidedBefore,
    /// They made the decision under appeal.
    DecidedAppealed,
    /// They placed a stop that it would lift.
    Placed,
}

impl WhyNot {
    pub(super) fn words(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::Decided => ("这项审核已经有结果", "this review has been decided"),
            Self::OtherRole(_) => ("这项审核由其他岗位处理", "another role decides this review"),
            Self::Asked => (
                "这是您提出的申请，须由他人审核",
                "you asked for it; someone else must decide",
            ),
            Self::Supplied => (
                "其中有您提供的材料，须由他人审核",
                "you supplied part of it; someone else must decide",
            ),
            Self::DecidedBefore => (
                "您已经表过态，还需要另一位审核人",
                "you have decided; another person is needed",
            ),
            Self::Placed => (
                "其中的停用由您下达，须由他人审核",
                "you placed a stop that this would lift; someone else must decide",
            ),
            Self::DecidedAppealed => (
                "被申诉的决定由您作出，须由他人审核",
                "you made the decision under appeal; someone else must decide",
            ),
        };
        if lang == Lang::Zh { zh } else { en }
    }

    pub(super) fn refused(self, ctx: &Ctx, review: &ReviewRow) -> Refused {
        match self {
            Self::Decided => {
                let state = refused::state_words(&review.state);
                let why = domain::text!(
                    format!("这项审核已有结果（{}）", state.zh),
                    format!("it is decided already ({})", state.en),
                );
                Refused::conflict("review", &review.id, why)
            }
            Self::OtherRole(permission) => Refused::NotPermitted {
                actor: ctx.actor.id.clone(),
                permission,
            },
            other => Refused::SamePerson(domain::text!(other.words(Lang::Zh), other.words(Lang::En))),
        }
    }
}

/// The first rule that keeps the actor from deciding; people are compared, not logins.
pub(super) fn why_not(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    work: &Work,
    review: &ReviewRow,
    decided: &[&str],
) -> Done<Option<WhyNot>> {
    let permission = permission_for(&review.role);
    let person = ctx.actor.person.as_str();
    if ctx.actor.role == "system" || !ctx.may(permission) {
        return Ok(Some(WhyNot::OtherRole(permission)));
    }
    if review.state != "open" {
        return Ok(Some(WhyNot::Decided));
    }
    if work.request.opened_by_person == person {
        return Ok(Some(WhyNot::Asked));
    }
    if work.steps.iter().any(|s| Evidence::of(s).people.contains(person)) {
        return Ok(Some(WhyNot::Supplied));
    }
    if decided.contains(&person) {
        return Ok(Some(WhyNot::DecidedBefore));
    }
    let (reasons, why) = if work.request.kind == "appeal" {
        (work.choices.keys().cloned().collect(), WhyNot::DecidedAppealed)
    } else {
        (work.reasons(), WhyNot::Placed)
    };
    for stop in work.chain.stops.iter().filter(|s| reasons.contains(&s.reason)) {
        if people::is_same_person(tx, ctx, &stop.placed_by)? {
            return Ok(Some(why));
        }
    }
    Ok(None)
}
