//! `shoudan`: the server, the demonstration, and the tools that ask a running server.

fn main() -> std::process::ExitCode {
    shoudan::cli::main()
}
