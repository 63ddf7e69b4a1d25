//! The `sindri` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sindri::cli::main()
}
