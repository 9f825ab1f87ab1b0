-- () -> bytea, text, text
-- What pages show of the texts of the transaction's workspace, in no order. Who reads them knows which
-- item has which; a join would be planned without knowing how many there are (migration 0003).
COPY (SELECT ref, title, assignee
FROM winnow.item_texts
WHERE workspace_id = (SELECT winnow.current_workspace())
) TO STDOUT (FORMAT binary)
