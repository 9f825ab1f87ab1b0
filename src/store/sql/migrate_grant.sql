-- () -> ()
DO $$
DECLARE
	app text := current_setting('winnow.app_role');
BEGIN
	EXECUTE format('GRANT USAGE ON SCHEMA winnow TO %I', app);
	EXECUTE format('GRANT SELECT ON winnow.migrations TO %I', app);
END $$
