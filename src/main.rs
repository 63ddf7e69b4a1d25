//! The `sindri` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sindri::cli::main()
}

/// Before `main`, Rust silently opens the null device in place of a closed standard stream. A result written there is
/// lost, so this checks the streams earlier.
#[cfg(target_os = "linux")]
mod closed_streams {
    use sindri::cli::{Stream, note_closed};

    // SAFETY: the loader calls every function in this section once, before `main`. This one does not use Rust's
    // runtime.
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
