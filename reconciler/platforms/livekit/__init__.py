"""LiveKit: a persona as an agent of livekit-agents, with Tavus as its face."""
