-- wrk: each request is a new item.
local number = 0
local threads = 0

function setup(t)
	threads = threads + 1
	t:set("thread", threads)
end

function init()
	wrk.method = "POST"
	wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
	wrk.headers["Content-Type"] = "application/json"
end

local features = '"user_impact":2,"fix_confidence":3,"reversibility":1,"cost_of_delay":2,"effort":3.5,' ..
	'"timebox_days":4,"demand":120,"affected_users":4000,"revenue_at_risk":12000,"severity":"sev2",' ..
	'"error_rate_delta":1.5,"eval_regression":0.25,"incident_count_30d":2,"debt_interest":1.5,' ..
	'"evaluation_gap":40,"risk_category":"limited","compliance_risk":1,"handles_personal_data":true,' ..
	'"blocked_teams":1,"external_dependencies":2'
local text = string.rep("the request returns without the expected result ", 6)

function request()
	number = number + 1
	local name = string.format("%s-%d-%d", os.getenv("BENCH_ROUND"), thread, number)
	return wrk.format(nil, nil, nil, '{"source":"tracker","external_id":"' .. name .. '","title":"Webhook retries ' ..
		name .. ' deliver the same result twice","body":"' .. text .. name .. '","stream":"engineering_bug",' ..
		'"kind":"bug","labels":["api","q3"],"team":"platform","assignee":"tomasz","features":{' .. features .. '}}')
end
