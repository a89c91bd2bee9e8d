-- The parts of the input that some models bill at rates of their own. Rows that were written before had none.
ALTER TABLE entries ADD COLUMN audio_input INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN image_input INTEGER NOT NULL DEFAULT 0;
