//! Leaves large values to the end of the process.

/// Keeps a value until the process exits. The system frees all memory then, which is quicker than freeing the plan,
/// the state and the objects of a fleet piece by piece. Not for values that write or unlock something when dropped.
pub fn until_exit<T>(value: T) {
    std::mem::forget(value);
}
