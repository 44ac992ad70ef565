//! Shoudan 收单: an open merchant-acquiring system. This crate is the binary's inside: every face of it and nothing
//! that decides; what is decided stands in `operations` and `domain`.
//!
//! Read in this order: [`app`] (the running system), [`doors`] (every way in, with the permission it asks), then one
//! face: [`api`], [`portal`], or [`cli`].

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;

pub mod connectors;
pub mod demo;
pub mod doors;
pub mod gateway;
pub mod jobs;
pub mod keys_config;
pub mod limits;
pub mod login;
pub mod metrics;
pub mod portal;
pub mod problem;
pub mod serve;
pub mod slip;
mod tail;
