//! What an operation is given: who acts, why, when, where ids come from, and the institution's tables and keys.

use std::sync::Arc;

use domain::calendar::{Calendar, Promise};
use domain::catalog::Catalog;
use domain::ids::IdSource;
use domain::names::Lang;
use domain::time::{Time, Zone};

use crate::key_module::KeyModule;
use crate::refused::{Done, Refused};
use crate::sealing::Sealer;

/// What does not change while the program runs.
#[derive(Clone)]
pub struct Platform {
    /// The institution's tables.
    pub catalog: Arc<Catalog>,
    /// Working days.
    pub calendar: Arc<Calendar>,
    /// The zone of business dates.
    pub zone: Zone,
    /// Seals and opens sensitive values, computes blind indexes and fingerprints.
    pub sealer: Arc<Sealer>,
    /// Holds the keys of terminals.
    pub keys: Arc<KeyModule>,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// User id, or a system name such as `system:dormancy`, `terminal:10000001`.
    pub id: String,
    /// The natural person behind the login; the same as `id` for systems. Four eyes compare this.
    pub person: String,
    /// Role code of `roles.toml`.
    pub role: String,
    /// The merchant this actor is bound to, or `-`.
    pub merchant: String,
    /// The agent this actor is bound to, or `-`.
    pub agent: String,
}

impl Actor {
    /// A part of the system itself.
    pub fn system(name: &str) -> Self {
        let id = format!("system:{name}");
        Self {
            person: id.clone(),
            id,
            role: "system".into(),
            merchant: "-".into(),
            agent: "-".into(),
        }
    }

    /// A terminal, acting for the merchant it is bound to.
    pub fn terminal(number: &str, merchant: &str) -> Self {
        let id = format!("terminal:{number}");
        Self {
            person: id.clone(),
            id,
            role: "system".into(),
            merchant: merchant.into(),
            agent: "-".into(),
        }
    }

    /// Anyone without a login.
    pub fn public() -> Self {
        Self {
            id: "public".into(),
            person: "public".into(),
            role: "public".into(),
            merchant: "-".into(),
            agent: "-".into(),
        }
    }
}

/// What a key of a program may beyond its own permissions: (permission, the key's permission, whether the key is the
/// institution's own rather than a merchant's).
const KEYS_STAND_FOR: [(&str, &str, bool); 3] = [
    ("read_all", "api_read", true),
    ("read_own", "api_read", false),
    ("act_own", "api_write", false),
];

/// What touches everybody: no role gives it to somebody of one merchant, nor to a program of theirs.
const INSTITUTION_ONLY: [&str; 1] = ["test_clock"];

/// One call's context. Cloned per attempt, so that a retried transaction draws the same ids.
#[derive(Clone)]
pub struct Ctx {
    /// Tables, calendar, zone, keys.
    pub platform: Platform,
    /// Who acts.
    pub actor: Actor,
    /// Why, in the actor's words or the command's name.
    pub why: String,
    /// The moment of the call.
    pub now: Time,
    /// Where ids and random bytes come from.
    pub ids: IdSource,
    /// The language answers are wanted in.
    pub lang: Lang,
}

impl Ctx {
    /// The catalogue.
    pub fn catalog(&self) -> &Catalog {
        &self.platform.catalog
    }

    /// Whether the actor's role carries a permission. The system carries all; a program's key reads and acts as the
    /// people it stands for: see `KEYS_STAND_FOR`.
    pub fn may(&self, permission: &str) -> bool {
        if INSTITUTION_ONLY.contains(&permission) && self.actor.merchant != "-" {
            return false;
        }
        if self.actor.role == "system" || self.holds(permission) {
            return true;
        }
        let platform = self.actor.merchant == "-" && self.actor.agent == "-";
        let mut rows = KEYS_STAND_FOR
            .iter()
            .filter(|row| row.0 == permission && row.2 == platform);
        rows.any(|row| self.holds(row.1))
    }

    /// Whether the row of the actor's role names a permission.
    fn holds(&self, permission: &str) -> bool {
        let role = self.catalog().roles.get(&self.actor.role);
        role.is_some_and(|role| role.permissions.iter().any(|p| p == permission))
    }

    /// Refuses an actor without `permission`.
    pub fn need(&self, permission: &'static str) -> Done<()> {
        if self.may(permission) {
            Ok(())
        } else {
            Err(Refused::NotPermitted {
                actor: self.actor.id.clone(),
                permission,
            })
        }
    }

    /// Refuses an actor who may not see or act for `merchant`: its own users, its agent's users, and staff may.
    /// `agent` is the agent the merchant belongs to.
    pub fn need_merchant(&self, merchant: &str, agent: &str, own: &'static str, staff: &'static str) -> Done<()> {
        let as_own = self.actor.merchant == merchant && self.may(own);
        let as_agent = self.actor.agent != "-"
            && self.actor.agent == agent
            && self.may(if own == "read_own" { "read_agent" } else { "act_agent" });
        if as_own || as_agent || self.may(staff) {
            Ok(())
        } else {
            Err(Refused::not_found("merchant", merchant))
        }
    }

    /// The promised end of `days` working days from now.
    pub fn promise_days(&self, days: u16) -> Done<Promise> {
        self.platform
            .calendar
            .promise(self.now, days, &self.platform.zone)
            .map_err(|e| Refused::Calendar(e.to_string()))
    }
}
