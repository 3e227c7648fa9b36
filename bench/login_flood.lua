-- wrk: logins of names that nobody has, each from another address.
math.randomseed(os.time())

request = function()
  local address = string.format("10.%d.%d.%d", math.random(0, 255), math.random(0, 255), math.random(1, 254))
  local body = string.format('{"username":"user%d","password":"not the password"}', math.random(1, 1000000))
  return wrk.format("POST", "/client/login", { ["Content-Type"] = "application/json", ["User-Agent"] = "bench", ["X-Forwarded-For"] = address }, body)
end
