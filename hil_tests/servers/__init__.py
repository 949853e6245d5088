"""Device servers: the plant behind real Modbus TCP, Modbus RTU and OPC UA, as the site's device tables describe it."""
