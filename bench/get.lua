-- wrk: one GET over and over; the token comes by the environment, since arguments show in a list
-- of processes.
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
if os.getenv("BENCH_ETAG") then
	wrk.headers["If-None-Match"] = os.getenv("BENCH_ETAG")
end
