//! The script as the client of a service's own web app.
