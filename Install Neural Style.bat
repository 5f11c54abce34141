@echo off
rem Double-click: installs Neural Style for GIMP, or repairs it.
cd /d "%~dp0"
set "FOUND="
for %%P in (python py) do %%P -I -c "import sys; sys.exit(sys.version_info < (3, 10))" >nul 2>nul && set "FOUND=%%P"
if defined FOUND %FOUND% -I installer %*
if not defined FOUND echo Python 3.10 or newer is missing. Install it from https://www.python.org/downloads/ and double-click this file again.
pause
