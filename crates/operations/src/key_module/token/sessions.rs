//! The connection to a token: one library context per process, sessions that are pooled, and what becomes of them when the
//! token is lost.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::super::{Fault, ParentId, Profile};
use super::{Token, TokenSettings, lost};

/// One context per library: a second one in the same process would share its state and break it.
static CONTEXTS: Mutex<Vec<(PathBuf, Pkcs11)>> = Mutex::new(Vec::new());

/// What a parent's id is the CMAC of.
const NAMING: &[u8] = b"key module master id";

/// What is open at a token.
#[derive(Default)]
pub(super) struct Open {
    /// Counts losses: objects of an earlier generation are gone.
    generation: u64,
    slot: Option<Slot>,
    idle: Vec<Session>,
    parents: Arc<[Parent]>,
    /// Objects nobody holds any more, destroyed at the next call.
    orphans: Vec<ObjectHandle>,
}

/// A master key inside the token.
#[derive(Clone, Copy)]
pub(super) struct Parent {
    pub(super) id: ParentId,
    /// Wraps.
    pub(super) wrap: ObjectHandle,
    /// Authenticates headers.
    pub(super) header: ObjectHandle,
}

/// A session for the time of one call, and what it needs to know.
pub(super) struct Seat {
    pub(super) session: Session,
    pub(super) generation: u64,
    parents: Arc<[Parent]>,
}

impl Seat {
    /// The parent that seals.
    pub(super) fn current(&self) -> Result<Parent, Fault> {
        self.parents.first().copied().ok_or(Fault::NoParent)
    }

    pub(super) fn parent(&self, id: ParentId) -> Result<Parent, Fault> {
        let found = self.parents.iter().find(|parent| parent.id == id);
        found.copied().ok_or(Fault::NoParent)
    }
}

impl Token {
    /// Reaches a token and finds its master keys.
    pub(in super::super) fn open(settings: TokenSettings) -> Result<Self, Fault> {
        let token = Self {
            context: context(&settings.library)?,
            settings,
            open: Mutex::default(),
        };
        token.with(|seat| seat.current().map(|_| ()))?;
        Ok(token)
    }

    /// Makes a master key of this name inside the token: once, by an operator. Refused where there is one.
    pub fn make_master(settings: &TokenSettings) -> Result<(), Fault> {
        let context = context(&settings.library)?;
        let session = context.open_rw_session(slot(&context, settings)?).map_err(lost)?;
        login(&session, settings)?;
        for part in PARTS {
            let label = label(settings.profile, &settings.master, part);
            if !session
                .find_objects(&[Attribute::Label(label)])
                .map_err(lost)?
                .is_empty()
            {
                return Err(Fault::Unsupported("the token has a master key of this name already"));
            }
        }
        for part in PARTS {
            let wraps = part == WRAP;
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(32.into()),
                Attribute::Label(label(settings.profile, &settings.master, part)),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Wrap(wraps),
                Attribute::Unwrap(wraps),
                Attribute::Sign(!wraps),
                Attribute::Verify(!wraps),
            ];
            session.generate_key(&Mechanism::AesKeyGen, &template).map_err(lost)?;
        }
        Ok(())
    }

    /// Does work in a session. A loss is tried once more with everything opened anew, and then told.
    pub(super) fn with<T>(&self, work: impl Fn(&Seat) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut last = None;
        for _ in 0..2 {
            let seat = match self.seat() {
                Ok(seat) => seat,
                Err(fault) => {
                    last = Some(fault);
                    self.lose(None);
                    continue;
                }
            };
            match work(&seat) {
                Err(Fault::Unavailable(why)) => {
                    last = Some(Fault::Unavailable(why));
                    self.lose(Some(seat.generation));
                }
                done => {
                    self.give_back(seat);
                    return done;
                }
            }
        }
        Err(last.unwrap_or_else(|| Fault::Unavailable("no session".to_owned())))
    }

    /// Notes that nobody holds an object any more.
    pub(super) fn orphan(&self, generation: u64, object: ObjectHandle) {
        let mut open = self.lock();
        if open.generation == generation {
            open.orphans.push(object);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Nothing that can fail midway is done under the lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seat(&self) -> Result<Seat, Fault> {
        let (idle, known, generation, orphans) = {
            let mut open = self.lock();
            let idle = open.idle.pop();
            let orphans = std::mem::take(&mut open.orphans);
            (
                idle,
                open.slot.zip(Some(Arc::clone(&open.parents))),
                open.generation,
                orphans,
            )
        };
        let (session, parents) = match (idle, known) {
            (Some(session), Some((_, parents))) => (session, parents),
            (_, Some((slot, parents))) => (self.context.open_rw_session(slot).map_err(lost)?, parents),
            (_, None) => self.connect(generation)?,
        };
        for object in orphans {
            // An object that is gone already is what was wanted.
            let _ = session.destroy_object(object);
        }
        Ok(Seat {
            session,
            generation,
            parents,
        })
    }

    fn connect(&self, generation: u64) -> Result<(Session, Arc<[Parent]>), Fault> {
        let slot = slot(&self.context, &self.settings)?;
        let session = self.context.open_rw_session(slot).map_err(lost)?;
        login(&session, &self.settings)?;
        let names = std::iter::once(&self.settings.master).chain(&self.settings.earlier);
        let parents: Vec<Parent> = names
            .map(|name| parent(&session, self.settings.profile, name))
            .collect::<Result<_, _>>()?;
        let parents: Arc<[Parent]> = parents.into();
        let mut open = self.lock();
        if open.generation == generation {
            open.slot = Some(slot);
            open.parents = Arc::clone(&parents);
        }
        Ok((session, parents))
    }

    fn give_back(&self, seat: Seat) {
        let mut open = self.lock();
        if open.generation == seat.generation {
            open.idle.push(seat.session);
        }
    }

    /// Forgets everything that was open, if it is still what was open at `generation`.
    fn lose(&self, generation: Option<u64>) {
        let gone = {
            let mut open = self.lock();
            if generation.is_some_and(|generation| generation != open.generation) {
                return;
            }
            let next = open.generation + 1;
            std::mem::replace(
                &mut *open,
                Open {
                    generation: next,
                    ..Open::default()
                },
            )
        };
        drop(gone);
    }
}

const WRAP: &str = "wrap";
const PARTS: [&str; 2] = [WRAP, "header"];

/// The label of one of the two keys of a master name.
fn label(profile: Profile, name: &str, part: &str) -> Vec<u8> {
    let profile = match profile {
        Profile::Test => "test",
        Profile::Production => "production",
    };
    format!("shoudan/{profile}/{name}/{part}").into_bytes()
}

fn parent(session: &Session, profile: Profile, name: &str) -> Result<Parent, Fault> {
    let find = |part: &str| {
        let found = session
            .find_objects(&[Attribute::Label(label(profile, name, part))])
            .map_err(lost)?;
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(Fault::Unavailable(format!(
                "the token holds no master key named «{name}» for this profile; make it with `shoudan keys make-master`"
            ))),
            _ => Err(Fault::Unavailable(format!(
                "the token holds several keys of the name «{name}»"
            ))),
        }
    };
    let (wrap, header) = (find(WRAP)?, find("header")?);
    let named = session.sign(&Mechanism::AesCMac, header, NAMING).map_err(lost)?;
    let mut id = ParentId::default();
    id.iter_mut().zip(named).for_each(|(to, from)| *to = from);
    Ok(Parent { id, wrap, header })
}

fn context(library: &Path) -> Result<Pkcs11, Fault> {
    let mut contexts = CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, context)) = contexts.iter().find(|(path, _)| path == library) {
        return Ok(context.clone());
    }
    let context = Pkcs11::new(library).map_err(lost)?;
    initialize(&context)?;
    contexts.push((library.to_path_buf(), context.clone()));
    Ok(context)
}

fn initialize(context: &Pkcs11) -> Result<(), Fault> {
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(error) => Err(lost(error)),
    }
}

fn slot(context: &Pkcs11, settings: &TokenSettings) -> Result<Slot, Fault> {
    let slots = match context.get_slots_with_initialized_token() {
        // A library that was shut down and started again is a token that came back.
        Err(Error::Pkcs11(RvError::CryptokiNotInitialized, _)) => {
            initialize(context)?;
            context.get_slots_with_initialized_token()
        }
        other => other,
    };
    for slot in slots.map_err(lost)? {
        let info = context.get_token_info(slot).map_err(lost)?;
        if info.label() == settings.token {
            return Ok(slot);
        }
    }
    Err(Fault::Unavailable(format!(
        "there is no token labelled «{}»",
        settings.token
    )))
}

fn login(session: &Session, settings: &TokenSettings) -> Result<(), Fault> {
    let pin = AuthPin::new(settings.pin.expose().clone().into());
    match session.login(UserType::User, Some(&pin)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(error) => Err(lost(error)),
    }
}
