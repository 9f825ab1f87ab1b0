-- (uuid, int8, int8) -> int8, text, timestamptz, text, int8, int8, text, text, text
SELECT i.revision, i.action, i.made_at, i.author, i.model_version, i.policy_version, i.fallback,
	i.ranking_id, t.notes
FROM winnow.interventions i
LEFT JOIN winnow.item_texts t ON t.workspace_id = $1 AND t.ref = i.text_ref
WHERE i.workspace_id = $1 AND i.revision < $2
ORDER BY i.revision DESC
LIMIT $3
