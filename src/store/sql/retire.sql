-- (uuid, int8) -> ()
SELECT FROM winnow.retire($1, $2)
