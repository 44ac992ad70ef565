//! Pages anyone may see: no names, numbers or amounts of a merchant stand on them.

mod explanation;
mod front;
mod login;
mod problem;
mod status;

pub use explanation::{Asked, code_gone, explanation};
pub use front::{Front, front};
pub use login::{DemoAccount, Login, login, login_code};
pub use problem::{Problem, problem};
pub use status::{Service, Services, services, status};
