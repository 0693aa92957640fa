//! What is held at partners: sealed for its place, gone with its link, told to those whose it is.

mod forgotten;
mod moved;
mod shown;
