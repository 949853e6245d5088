"""EDGE: Modbus TCP, Modbus RTU and OPC UA; bytes <-> our units and our signs. Never decides."""
