-- () -> ()
-- A plan that was made while the tables were almost empty takes any index for as good as the right one,
-- and would be kept until the next ANALYZE.
DISCARD PLANS
