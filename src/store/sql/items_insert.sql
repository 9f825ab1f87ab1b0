-- (items[]) -> ()
-- Items of which no version was found under the head's lock, so that no other writer can have made them
-- since: no look before each row, as ON CONFLICT takes. One that is there all the same is refused.
INSERT INTO winnow.items
SELECT * FROM unnest($1::winnow.items[])
