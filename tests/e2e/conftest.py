from e2e_folder import terminal

__all__ = ["terminal"]
