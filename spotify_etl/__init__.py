"""The command `spotify-etl`: the whole pipeline on this machine, and questions to the lake that it makes."""
