//! Who can log in: staff, agents, owners and clerks, and the keys of programs.

use domain::secret::Secret;
use domain::stages::SubjectKind;
use operations::people::{self, NewKey, NewUser};
use operations::refused::Done;
use operations::{Actor, merchants, moves};
use store::Tx;

use super::names::AGENTS;
use super::world::{Account, ApiKey};
use super::{PASSWORD, Seeder};

/// The people of the institution who act in the seeded past.
#[derive(Clone, Default)]
pub struct Staff {
    all: Vec<(String, Actor)>,
}

impl Staff {
    /// The one who logs in so; the system if nobody does.
    pub fn who(&self, login: &str) -> Actor {
        let found = self.all.iter().find(|(known, _)| known == login);
        found.map_or_else(|| Actor::system("seed"), |(_, actor)| actor.clone())
    }
}

/// Role, login and name.
const STAFF: &[(&str, &str, &str)] = &[
    ("administrator", "admin", "韩总管"),
    ("desk", "desk", "何小客"),
    ("reviewer", "reviewer1", "沈明察"),
    ("reviewer", "reviewer2", "秦细看"),
    ("risk", "risk1", "卫安平"),
    ("risk", "risk2", "石守正"),
    // A stop that two must agree to lift takes three: whoever placed it is neither.
    ("risk", "risk3", "纪明远"),
    ("finance", "finance1", "钱来清"),
    ("finance", "finance2", "金有数"),
    ("finance", "finance3", "计无差"),
    ("devices", "devices", "牛机修"),
    ("auditor", "auditor", "公孙审"),
];

/// Days before now on which the institution opened.
const OPENED: i64 = 500;

/// Staff, agents with their users, and the keys of programs.
pub fn staff(tx: &mut Tx<'_>, s: &mut Seeder) -> Done<()> {
    let opened = s.days_ago(OPENED);
    s.act(&Actor::system("seed"), opened, "opening");
    for (role, login, name) in STAFF {
        let actor = user(tx, s, (role, login, name), ("-", "-"))?;
        s.staff.all.push(((*login).to_owned(), actor));
    }
    for (n, (number, name, province)) in AGENTS.into_iter().enumerate() {
        let new = merchants::NewAgent {
            number: number.into(),
            name: name.into(),
            province: province.into(),
        };
        let id = merchants::create_agent(tx, &mut s.ctx, new)?;
        moves::apply(tx, &mut s.ctx, "-", SubjectKind::Agent, id.as_str(), "admit")?;
        let login = format!("agent{}", n + 1);
        let actor = user(tx, s, ("agent", &login, name), ("-", id.as_str()))?;
        s.agents.push((id.to_string(), actor));
    }
    let answerable = s.staff.who("admin").id;
    for (name, scope, role) in [("full access", "write", "developer"), ("read only", "read", "reader")] {
        let new = NewKey {
            name,
            role,
            merchant: "-",
            user: &answerable,
        };
        let (_, key) = people::create_api_key(tx, &mut s.ctx, new)?;
        s.world.api_keys.push(ApiKey {
            name: name.into(),
            scope: scope.into(),
            key: key.expose().clone(),
        });
    }
    Ok(())
}

/// Makes an account and lists it; its actor. Staff get a second factor.
pub fn user(
    tx: &mut Tx<'_>,
    s: &mut Seeder,
    (role, login, name): (&str, &str, &str),
    (merchant, agent): (&str, &str),
) -> Done<Actor> {
    let staff = s.ctx.catalog().roles.get(role).is_some_and(|r| r.staff);
    let secret: Option<[u8; 20]> = staff.then(|| s.ctx.ids.bytes());
    let new = NewUser {
        login,
        display_name: name,
        role,
        merchant,
        agent,
        person: None,
        password_hash: &s.password_hash.clone(),
        totp_secret: secret.map(|bytes| Secret::new(bytes.to_vec())),
    };
    let id = people::create_user(tx, &mut s.ctx, new)?;
    let person = store::users::get(tx, &id)?.map_or_else(|| id.clone(), |row| row.person_id);
    s.world.accounts.push(Account {
        role: role.to_owned(),
        login: login.to_owned(),
        password: PASSWORD.to_owned(),
        totp_secret: secret.map(|bytes| people::totp_secret_text(&bytes)),
        name: name.to_owned(),
        of: [merchant, agent].into_iter().find(|id| *id != "-").map(str::to_owned),
    });
    Ok(Actor {
        id,
        person,
        role: role.into(),
        merchant: merchant.into(),
        agent: agent.into(),
    })
}
