//! Plans with endpoints.
