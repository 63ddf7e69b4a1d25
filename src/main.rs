//! The `sindri` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sindri::cli::main()
}

/// Rust opens the null device in place of a standard stream that is closed, before `main` and without a trace. A result
/// that goes there is lost, so this looks earlier.
#[cfg(target_os = "linux")]
mod closed_streams {
    use sindri::cli::{Stream, note_closed};

    // SAFETY: the loader calls every function of this section once, before `main`; this one needs nothing of Rust's runtime.
    #[used]
    #[unsafe(link_section = ".init_array")]
    static LOOK: extern "C" fn() = look;

    extern "C" fn look() {
        for (number, stream) in [(1, Stream::Out), (2, Stream::Err)] {
            // SAFETY: reading the flags of a descriptor has no effect, whether or not it is open.
            if unsafe { libc::fcntl(number, libc::F_GETFD) } == -1 {
                note_closed(stream);
            }
        }
    }
}
