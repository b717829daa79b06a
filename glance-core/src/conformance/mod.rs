//! The contracts of the ports as test suites.
