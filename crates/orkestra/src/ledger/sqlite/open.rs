//! Opening a ledger file: making it, knowing it as ours, bringing its schema up to date.

use std::{fs, io, path::Path, thread, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::error::{Error, ErrorKind, Result};

/// The schema's history. Append-only: a published step is never edited. `user_version` counts
/// the steps that a file has been through.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../../migrations/sqlite/0001_entries.sql"),
    include_str!("../../../migrations/sqlite/0002_output_ratios.sql"),
    include_str!("../../../migrations/sqlite/0003_sound_and_pictures.sql"),
];

/// "ORKE": marks a file as ours, so that another program's database is left alone.
const APPLICATION_ID: i64 = 0x4F52_4B45;

/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(10);

/// Opens the ledger at `path`, making its directory and the file if need be.
pub(super) fn open(path: &Path) -> Result<Connection> {
    make_file(path).map_err(|cause| explain_io(path, cause))?;
    // No URI flag: a path with a question mark is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)
        .and_then(|connection| connection.busy_timeout(BUSY).map(|()| connection))
        .map_err(|cause| explain(path, cause))?;
    let found = look(&mut connection).map_err(|cause| explain(path, cause))?;
    refuse_foreign(path, &found)?;
    configure(&connection).map_err(|cause| explain(path, cause))?;
    if found.version < MIGRATIONS.len() {
        migrate(&mut connection).map_err(|cause| explain(path, cause))?;
    }
    Ok(connection)
}

/// Makes the file before SQLite does, which would leave it readable by everyone; SQLite gives its
/// side files the same mode.
fn make_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Makes `folder` and what is missing above it, open to its owner alone.
pub(in crate::ledger) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// What a file says about itself.
struct Found {
    version: usize,
    owner: i64,
    empty: bool,
}

/// Looks in one transaction: another process may be making the tables at this moment.
fn look(connection: &mut Connection) -> rusqlite::Result<Found> {
    let moment = connection.transaction()?;
    let empty = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)";
    Ok(Found {
        empty: moment.query_row(empty, [], |row| row.get(0))?,
        version: version(&moment)?,
        owner: moment.pragma_query_value(None, "application_id", |row| row.get(0))?,
    })
}

fn refuse_foreign(path: &Path, found: &Found) -> Result<()> {
    let shown = path.display();
    if !found.empty && found.owner != APPLICATION_ID {
        return Err(Error::new(
            ErrorKind::Storage,
            format!("{shown} is another program's database; choose another path for the ledger"),
        ));
    }
    let (known, newest) = (found.version, MIGRATIONS.len());
    if known > newest {
        return Err(Error::new(
            ErrorKind::Storage,
            format!(
                "the ledger {shown} has schema version {known}, this version of Orkestra knows up \
                 to {newest}; update Orkestra or choose another path for the ledger"
            ),
        ));
    }
    Ok(())
}

/// WAL lets others read while one writes. `FULL` makes a landed batch survive a power cut; nobody
/// waits for it.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    // Two processes that switch a new file to WAL at once get a busy error straight away: SQLite
    // does not wait where waiting could be a deadlock.
    let mut tries = 100;
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error) if is_busy(&error) && tries > 0 => thread::sleep(Duration::from_millis(20)),
            other => break other?,
        }
        tries -= 1;
    }
    connection.pragma_update(None, "synchronous", "full")
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Runs the missing steps. Whoever comes second to the write lock finds them done.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (done, step) in MIGRATIONS.iter().enumerate().skip(version(&transaction)?) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", done + 1)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()
}

/// Says which file failed, how, and what to do.
pub(super) fn explain(path: &Path, cause: rusqlite::Error) -> Error {
    let shown = path.display();
    let message = match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => format!(
            "the ledger {shown} is damaged or no SQLite database ({cause}); move it aside and a \
             new one is made, or choose another path"
        ),
        Some(ErrorCode::DiskFull) => {
            format!("the ledger {shown} cannot grow: the disk is full; make room")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => format!(
            "the ledger {shown} has been locked by another process for {} seconds; end that \
             process or choose another path",
            BUSY.as_secs()
        ),
        _ => format!(
            "the ledger {shown} failed: {cause}; mend the file or its directory, or choose \
             another path"
        ),
    };
    Error::new(ErrorKind::Storage, message).because(cause)
}

fn explain_io(path: &Path, cause: io::Error) -> Error {
    let shown = path.display();
    let message = format!(
        "the ledger {shown} cannot be opened or made: {cause}; make its directory writable or \
         choose another path"
    );
    Error::new(ErrorKind::Storage, message).because(cause)
}
