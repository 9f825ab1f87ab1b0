-- wrk: each request asks what the order would be with other weights. Prints the 50th and the 99th
-- percentile of the latency in ms, and how many answers they are of.
local number = 0

function init()
	wrk.method = "POST"
	wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
	wrk.headers["Content-Type"] = "application/json"
	math.randomseed(1)
end

local features = {"user_impact", "fix_confidence", "reversibility", "cost_of_delay", "effort", "demand",
	"affected_users", "severity", "evaluation_gap", "blocked_teams"}

function request()
	local weights = {}

	for i, feature in ipairs(features) do
		weights[i] = string.format('"%s":%.3f', feature, math.random() * 5)
	end
	return wrk.format(nil, nil, nil, '{"weights":{' .. table.concat(weights, ",") .. '}}')
end

function done(summary, latency, requests)
	local errors = summary.errors
	local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout

	io.write(string.format("latency %.3f %.3f %d %d\n", latency:percentile(50) / 1000,
		latency:percentile(99) / 1000, summary.requests, failed))
end
