//! `shoudan`: the server, the demonstration, and the tools that ask a running server.

/// A sale makes some hundred small pieces of memory, most of them freed on another thread than they were made on.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    shoudan::cli::main()
}
