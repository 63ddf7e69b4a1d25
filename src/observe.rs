//! Reading the world: `State` and the API become `Observed`, by two list calls for any fleet.
