//! From outcome files to rows, with what is said about bad ones.

use std::path::PathBuf;

use orkestra::{Error, ErrorKind};
use orkestra_training::{
    evaluate::known_model,
    questions::Question,
    rows::{self, Rows},
};

use crate::{failure::Failure, output::Output};

/// The rows of `files`. Bad ones are listed, and are an error unless `skip_bad`.
pub(crate) fn read(files: &[PathBuf], skip_bad: bool, output: &Output) -> Result<Rows, Failure> {
    let found = rows::read(files, true)?;
    if found.bad.is_empty() {
        return Ok(found);
    }
    let hint = "mend them, or leave them out with --skip-bad";
    if !skip_bad && output.is_json() {
        let listed = |error: Error| Failure::Error(error, Some(hint.to_owned()));
        return found.without_fault().map_err(listed);
    }
    found.bad.iter().for_each(|bad| output.note(bad.to_string()));
    let (bad, all) = (found.bad.len(), found.rows.len() + found.bad.len());
    let what = format!("{bad} of {all} rows {} bad", if bad == 1 { "is" } else { "are" });
    if !skip_bad {
        return Err(Failure::new(ErrorKind::InvalidRequest, what, hint));
    }
    output.warning(format!("{what} and left out"));
    Ok(found)
}

/// An error that names the models there are, when one of `models` has no score in `files`.
pub(crate) fn check_models(
    models: &[String],
    questions: &[Question],
    files: &[PathBuf],
) -> Result<(), Failure> {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let hint = format!("models are named as in the scores of {}", names.join(", "));
    models.iter().try_for_each(|model| {
        known_model(model, questions).map_err(|error| Failure::Error(error, Some(hint.clone())))
    })
}
