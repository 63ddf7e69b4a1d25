//! Requests over the network, by reqwest.
