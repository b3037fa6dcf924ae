"""The same memories in Hikari and in the systems people use, side by side: how fast they are taken in and found."""
