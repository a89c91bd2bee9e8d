//! Images and files in messages and items.

use crate::cache::Chain;
use crate::fields::{Fields, Refusal, Wording};
use crate::{media, tokens};

use super::{Family, errors::invalid};

const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Refuses the image or file at `place` to models that see none.
pub(super) fn seen(place: Option<&str>, family: &Family) -> Result<(), Refusal> {
    match place {
        Some(place) if !family.images => {
            let message = "Invalid content type. image_url is only supported by certain models.";
            Err(invalid(message, Some(place), None))
        }
        _ => Ok(()),
    }
}

/// Checks the address of an image: on the web, or its data.
pub(super) fn image(url: &str, place: &str, chain: &mut Chain) -> Result<(), Refusal> {
    if !media::is_web(url) {
        let refused = |message: &str, code: &str| Err(invalid(message, Some(place), Some(code)));
        let Some((kind, data)) = media::data_url(url) else {
            let message = format!(
                "Invalid '{place}'. Expected a valid URL, but got a value with an invalid format."
            );
            return refused(&message, "invalid_value");
        };
        let unsupported = "You uploaded an unsupported image. Please make sure your image has of one the following \
                           formats: ['png', 'jpeg', 'gif', 'webp'].";
        if !IMAGES.contains(&kind) {
            return refused(unsupported, "invalid_image_format");
        }
        match media::start_of(data) {
            None => return refused("Invalid base64 image_url.", "invalid_base64"),
            Some(start) if media::kind_of(&start) == Some("application/pdf") => {
                return refused(unsupported, "invalid_image_format");
            }
            Some(_) => {}
        }
    }
    chain.other(url, tokens::PER_MEDIUM);
    Ok(())
}

/// Checks a file: its data as a `data:` URL, or its address.
pub(super) fn file<W: Wording>(file: &Fields<'_, W>, chain: &mut Chain) -> Result<(), Refusal> {
    if let Some(id) = file.text("file_id")? {
        // Files are not simulated, so that none exists.
        let message = format!("No such File object: {id}");
        return Err(invalid(&message, Some(&file.at("file_id")), Some("file_not_found")));
    }
    if let Some(url) = file.text("file_url")?.filter(|url| media::is_web(url)) {
        chain.other(url, tokens::PER_MEDIUM);
        return Ok(());
    }
    let data = file.required_text("file_data")?;
    file.text("filename")?;
    let is_data = media::data_url(data).is_some_and(|(_, data)| media::start_of(data).is_some());
    if !is_data {
        let place = file.at("file_data");
        let message = format!(
            "Invalid '{place}'. Expected a base64-encoded data URL with a MIME type (e.g. \
             'data:application/pdf;base64,aGVsbG8='), but got a value without the 'data:' prefix."
        );
        return Err(invalid(&message, Some(&place), Some("invalid_value")));
    }
    chain.other(data, tokens::PER_MEDIUM);
    Ok(())
}
