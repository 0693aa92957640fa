//! A push while no page is open.
